/** Whether pictures are decoded. */
import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { Config } from '../config/config.js';
import { DecoderPool } from '../images/decoder-pool.service.js';
import { ImageDecoder } from '../images/image-decoder.js';

/** How much longer than a request a decoding may last before it is stuck. */
const GRACE_MS = 1_000;

@Injectable()
export class DecoderHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly decoder: ImageDecoder,
    private readonly pool: DecoderPool,
    private readonly config: Config,
  ) {}

  /** Down while a decoding in this process outlives every request, or no decoder process can be started. */
  check(key: string): HealthIndicatorResult {
    const indicator = this.indicators.check(key);
    if (this.decoder.oldestMs > this.config.requestTimeoutMs + GRACE_MS)
      return indicator.down({ message: 'A decoding does not end.' });
    if (this.pool.problem !== undefined)
      return indicator.down({ message: 'No decoder process can be started. See the log.' });
    return indicator.up();
  }
}
