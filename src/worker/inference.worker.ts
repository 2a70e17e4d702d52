/** Entry of a worker thread: a Nest application context with its own ONNX sessions, warmed up before its first task. */
import { parentPort, workerData } from 'node:worker_threads';
import { NestFactory } from '@nestjs/core';
import {
  type AnalysisJob,
  type BatchResult,
  type FoundPicture,
  isAbandoned,
  type Task,
  type WorkerData,
  type WorkerMessage,
} from './protocol.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import { ServiceLogger } from '../telemetry/service-logger.js';
import { AnalysisService } from './analysis.service.js';
import { InferenceWorkerModule } from './inference-worker.module.js';
import { analyzeApart } from './isolation.js';
import { handBack } from './hand-back.js';
import { claimGpuSlot } from './gpu-slot.js';
import { lowerPriority } from './worker-priority.js';

lowerPriority();
const config = claimGpuSlot(workerData as WorkerData);
const context = await NestFactory.createApplicationContext(InferenceWorkerModule.with(config), {
  logger: new ServiceLogger(config, 'warn'),
  abortOnError: false,
});
const analysis = context.get(AnalysisService);
const sessions = context.get(SessionManager);
await analysis.warmUp();

const say = (message: WorkerMessage): void => parentPort?.postMessage(message);
// An error here, such as an answer that cannot be posted, ends the thread; the pool then fails the task.
parentPort?.on('message', (task: Task) => {
  void analyzeApart(task.jobs, (some) => {
    sessions.stopWhen(() => some.every(isAbandoned));
    return work(some, task);
  }).then((answer) => say({ kind: 'answer', answer }));
});
say({ kind: 'ready', runtime: await sessions.audit() });

/** Both halves of the analysis, or one of them, as the task says. */
async function work(
  jobs: readonly AnalysisJob[],
  { mayShare, found }: Task,
): Promise<BatchResult | FoundPicture> {
  if (found !== undefined) return analysis.complete(jobs, found);
  if (mayShare !== true) return analysis.analyze(jobs);
  const faces = await analysis.find(jobs);
  return handBack(faces) ?? analysis.complete(jobs, faces);
}
