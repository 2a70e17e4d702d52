/** Entry of a worker thread: a Nest application context with its own ONNX sessions, warm before it takes its first job. */
import { setPriority } from 'node:os';
import { parentPort, threadId } from 'node:worker_threads';
import { NestFactory } from '@nestjs/core';
import { workerData } from 'piscina';
import { type AnalysisJob, type BatchAnswer, isAbandoned } from './analysis.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import { ServiceLogger } from '../telemetry/service-logger.js';
import { AnalysisService } from './analysis.service.js';
import { InferenceWorkerModule } from './inference-worker.module.js';
import { analyzeApart } from './isolation.js';
import { claimGpu, type WorkerData } from './worker-data.js';
import type { RuntimeMessage } from './worker-runtimes.js';

/** How far this thread stands back (`nice`, 0…19). */
const NICENESS = 5;
// Refusals, health checks and what feeds the workers come from the main thread: where cores are short it goes first. On
// Linux alone a priority is a thread's; elsewhere it would be that of the whole process.
if (process.platform === 'linux') setPriority(NICENESS);

const config = claimGpu(workerData as WorkerData);
const context = await NestFactory.createApplicationContext(InferenceWorkerModule.with(config), {
  logger: new ServiceLogger(config, 'warn'),
  abortOnError: false,
});
const analysis = context.get(AnalysisService);
const sessions = context.get(SessionManager);
await analysis.warmUp();
parentPort?.postMessage({ threadId, runtime: await sessions.audit() } satisfies RuntimeMessage);

// Piscina calls a worker file's default export: the one place where the house rule against them gives way.
export default (jobs: AnalysisJob[]): Promise<BatchAnswer> =>
  analyzeApart(jobs, (some) => {
    sessions.stopWhen(() => some.every(isAbandoned));
    return analysis.analyze(some);
  });
