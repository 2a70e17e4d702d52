/** Entry of a worker thread: a Nest application context with its own ONNX sessions, warm before it takes its first job. */
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
import { standBack } from './worker-priority.js';
import type { RuntimeMessage } from './worker-runtimes.js';

standBack();
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
