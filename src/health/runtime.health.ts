/** Whether the models run on the configured execution provider. */
import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { InferencePool } from '../inference/inference-pool.service.js';

@Injectable()
export class RuntimeHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly pool: InferencePool,
  ) {}

  /** Degraded, with the reason, when models run on the CPU although a GPU is configured. Never down. */
  check(key: string): HealthIndicatorResult {
    const { provider, problem } = this.pool.runtimes.current;
    const indicator = this.indicators.check(key);
    return problem === undefined
      ? indicator.up({ provider })
      : indicator.degraded({ provider, message: problem });
  }
}
