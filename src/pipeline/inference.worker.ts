/** Entry of a worker thread: a Nest application context with its own ONNX sessions, warm before it takes its first job. */
import { parentPort, threadId } from 'node:worker_threads';
import { NestFactory } from '@nestjs/core';
import { workerData } from 'piscina';
import {
  type AnalysisJob,
  type BatchAnswer,
  type BatchResult,
  type FoundPicture,
  isAbandoned,
  type Task,
} from './analysis.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import { ServiceLogger } from '../telemetry/service-logger.js';
import { AnalysisService } from './analysis.service.js';
import { InferenceWorkerModule } from './inference-worker.module.js';
import { analyzeApart } from './isolation.js';
import { handBack } from './sharing.js';
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
export default (task: Task): Promise<BatchAnswer> =>
  analyzeApart(task.jobs, (some) => {
    sessions.stopWhen(() => some.every(isAbandoned));
    return work(some, task);
  });

/** Both halves of the analysis, or the one that is asked for. */
async function work(
  jobs: readonly AnalysisJob[],
  { mayShare, found }: Task,
): Promise<BatchResult | FoundPicture> {
  if (found !== undefined) return analysis.describe(jobs, found);
  if (mayShare !== true) return analysis.analyze(jobs);
  const faces = await analysis.find(jobs);
  return handBack(faces) ?? analysis.describe(jobs, faces);
}
