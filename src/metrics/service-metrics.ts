/** Metrics of the service itself: queue, workers, memory in use, event loop and build. */
import { readFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Pack } from '../packs/pack.js';
import { Admission } from '../inference/admission.service.js';
import { InferencePool, type PoolState } from '../inference/inference-pool.service.js';
import { droppedLines } from '../telemetry/log-output.js';

const QUANTILES = [0.5, 0.9, 0.99, 1];
/** Interval in milliseconds at which the event loop is sampled. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

@Injectable()
export class ServiceMetrics implements OnApplicationShutdown {
  private readonly eventLoop: IntervalHistogram;

  constructor(
    private readonly registry: Registry,
    private readonly pool: InferencePool,
    private readonly admission: Admission,
    pack: Pack,
  ) {
    collectDefaultMetrics({ register: registry });
    this.eventLoop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.eventLoop.enable();
    this.measurePool();
    this.measureMemory();
    this.measureEventLoop();
    this.measureLog();
    this.showBuild(pack);
  }

  onApplicationShutdown(): void {
    this.eventLoop.disable();
  }

  private showBuild({ name }: Pack): void {
    const { runtimes } = this.pool;
    const facts = { version: version(), node: process.version, pack: name };
    new Gauge({
      name: 'face_build_info',
      help: 'Versions, model pack and execution provider of the running service. The value is always 1.',
      labelNames: [...Object.keys(facts), 'provider'],
      registers: [this.registry],
      collect() {
        this.reset();
        this.set({ ...facts, provider: runtimes.current.provider }, 1);
      },
    });
  }

  private measurePool(): void {
    const { pool } = this;
    const registers = [this.registry];
    this.gauge('face_queue_depth', 'Pictures that wait for a worker.', ({ queued }) => queued);
    this.gauge(
      'face_jobs_in_flight',
      'Pictures that wait for a worker or are being analysed.',
      ({ queued, running }) => queued + running,
    );
    new Gauge({
      name: 'face_workers',
      help: 'Running worker threads, by state.',
      labelNames: ['state'],
      registers,
      collect() {
        const { workers, busy, hung } = pool.state;
        this.set({ state: 'busy' }, Math.max(0, busy - hung));
        this.set({ state: 'hung' }, hung);
        this.set({ state: 'idle' }, Math.max(0, workers - busy));
      },
    });
    new Counter({
      name: 'face_worker_restarts_total',
      help: 'Worker threads that crashed and were replaced.',
      registers,
      collect() {
        this.reset();
        this.inc(pool.state.restarts);
      },
    });
    const batches = new Histogram({
      name: 'face_batch_size',
      help: 'Pictures that a worker took at a time.',
      buckets: [1, 2, 4, 8, 16, 32],
      registers,
    });
    pool.onBatch((size) => batches.observe(size));
  }

  private measureLog(): void {
    new Counter({
      name: 'face_log_lines_dropped_total',
      help: 'Log lines that could not be written: because of no reader, a slow reader or a full disk.',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(droppedLines());
      },
    });
  }

  private measureMemory(): void {
    const { admission } = this;
    new Gauge({
      name: 'face_bytes_in_flight',
      help: 'Bytes held for running requests: their bodies, and the memory of decoded pictures.',
      registers: [this.registry],
      collect() {
        const { bodyBytes, pixelBytes } = admission.state;
        this.set(bodyBytes + pixelBytes);
      },
    });
  }

  private measureEventLoop(): void {
    const { eventLoop } = this;
    new Gauge({
      name: 'face_eventloop_delay_seconds',
      help: 'Delay of the event loop of the main thread since the previous scrape.',
      labelNames: ['quantile'],
      registers: [this.registry],
      collect() {
        for (const quantile of QUANTILES) {
          // The monitor's own interval is part of the measured delay.
          const late = eventLoop.percentile(quantile * 100) / NANOSECONDS - RESOLUTION_MS / 1000;
          this.set({ quantile }, eventLoop.count === 0 ? 0 : Math.max(0, late));
        }
        eventLoop.reset();
      },
    });
  }

  /** A gauge of the pool, read at each scrape. */
  private gauge(name: string, help: string, read: (state: PoolState) => number): void {
    const { pool } = this;
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read(pool.state));
      },
    });
  }
}

/** The version in package.json, three folders above the compiled file. */
function version(): string {
  const path = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
