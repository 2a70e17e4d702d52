/** Whether pictures can be decoded. */
import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { Config } from '../config/config.js';
import { DecoderPool } from '../images/decoder-pool.service.js';
import { ImageDecoder } from '../images/image-decoder.js';

/** A decoding counts as stuck when it takes this much longer than a request may. */
const GRACE_MS = 1_000;

@Injectable()
export class DecoderHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly decoder: ImageDecoder,
    private readonly pool: DecoderPool,
    private readonly config: Config,
  ) {}

  /** Down while a decoding in this process is stuck, or no decoder process can be started. */
  check(key: string): HealthIndicatorResult {
    const indicator = this.indicators.check(key);
    if (this.decoder.oldestMs > this.config.requestTimeoutMs + GRACE_MS)
      return indicator.down({ message: 'A picture has been decoding for too long.' });
    if (this.pool.problem !== undefined)
      return indicator.down({ message: 'No decoder process can be started. See the log.' });
    return indicator.up();
  }
}
