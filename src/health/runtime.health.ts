/** Whether the models run where they were asked to. */
import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { InferencePool } from '../inference/inference-pool.service.js';

@Injectable()
export class RuntimeHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly pool: InferencePool,
  ) {}

  /** Degraded, and why, when work is done on the CPU that was to be done on a GPU; never down. */
  check(key: string): HealthIndicatorResult {
    const { provider, problem } = this.pool.runtimes.current;
    const indicator = this.indicators.check(key);
    return problem === undefined
      ? indicator.up({ provider })
      : indicator.degraded({ provider, message: problem });
  }
}
