/** Whether the workers are alive and respond. */
import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { InferencePool } from '../inference/inference-pool.service.js';

/** A result this recent proves that inference works. If it is older, a probe is sent. */
const FRESH_MS = 5_000;
/** How long a probe may take. */
const PROBE_TIMEOUT_MS = 2_000;
const PROBE_SIDE = 64;

@Injectable()
export class InferenceHealth {
  private probe?: Promise<void>;

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly pool: InferencePool,
  ) {}

  /**
   * Down when no worker is available; degraded when some hang. Up when a worker has delivered a result recently, or answers a
   * probe now. Polling is cheap: under load, real results are the proof; without load, all polls within a few seconds share one
   * probe with a tiny picture.
   */
  async check(key: string): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(key);
    const { problem, hung } = this.pool.state;
    if (problem !== undefined) return indicator.down({ ...this.facts(), message: problem });
    if (this.pool.state.sinceAnswerMs > FRESH_MS) {
      this.probe ??= this.runProbe().finally(() => (this.probe = undefined));
      try {
        await this.probe;
      } catch {
        return indicator.down({ ...this.facts(), message: 'No worker responds.' });
      }
    }
    if (hung === 0) return indicator.up(this.facts());
    const message = `${hung} ${hung === 1 ? 'worker hangs' : 'workers hang'}.`;
    return indicator.degraded({ ...this.facts(), message });
  }

  private async runProbe(): Promise<void> {
    const image = {
      width: PROBE_SIDE,
      height: PROBE_SIDE,
      data: new Uint8Array(PROBE_SIDE * PROBE_SIDE * 3),
    };
    const options = { landmarks: false, embedding: false, attributes: [] };
    await this.pool.analyze(image, options, AbortSignal.timeout(PROBE_TIMEOUT_MS));
  }

  private facts(): Record<string, number> {
    const { workers, running, queued } = this.pool.state;
    return { workers, running, queued };
  }
}
