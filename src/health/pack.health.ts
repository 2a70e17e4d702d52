/** Reports which model pack is loaded. */
import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { Pack } from '../packs/pack.js';

@Injectable()
export class PackHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly pack: Pack,
  ) {}

  /** Always up: the service does not start without a valid pack. */
  check(key: string): HealthIndicatorResult {
    return this.indicators.check(key).up({ name: this.pack.name });
  }
}
