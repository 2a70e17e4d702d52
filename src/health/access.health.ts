/** Whether API keys and rate limit work as configured. What is not in use is not reported. */
import { Injectable } from '@nestjs/common';
import {
  type HealthIndicatorFunction,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { ApiKeys } from '../access/api-keys.service.js';
import { RateLimiter } from '../access/rate-limiter.service.js';

@Injectable()
export class AccessHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly keys: ApiKeys,
    private readonly limiter: RateLimiter,
  ) {}

  /** Degraded, never down: the previous keys and a count per replica still work. */
  checks(): HealthIndicatorFunction[] {
    const checks: HealthIndicatorFunction[] = [];
    if (this.keys.required)
      checks.push(() => this.indicator('api_keys', {}, this.keys.problem !== undefined));
    if (this.limiter.enabled) {
      const { counted, problem } = this.limiter.state;
      checks.push(() => this.indicator('rate_limit', { counted }, problem !== undefined));
    }
    return checks;
  }

  /** Health checks need no key, so they only say that something is wrong. The log says what. */
  private indicator(key: string, facts: Record<string, unknown>, degraded: boolean): HealthIndicatorResult {
    const indicator = this.indicators.check(key);
    return degraded ? indicator.degraded({ ...facts, message: 'See the log.' }) : indicator.up(facts);
  }
}
