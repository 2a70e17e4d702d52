/** Entry of a worker thread: a Nest application context with its own ONNX sessions, warm before it takes its first job. */
import { NestFactory } from '@nestjs/core';
import { workerData } from 'piscina';
import type { Config } from '../config/config.js';
import { type AnalysisJob, type BatchAnswer, isAbandoned } from './analysis.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import { AnalysisService } from './analysis.service.js';
import { InferenceWorkerModule } from './inference-worker.module.js';
import { analyzeApart } from './isolation.js';

const context = await NestFactory.createApplicationContext(InferenceWorkerModule.with(workerData as Config), {
  logger: ['fatal', 'error', 'warn'],
  abortOnError: false,
});
const analysis = context.get(AnalysisService);
const sessions = context.get(SessionManager);
await analysis.warmUp();

// Piscina calls a worker file's default export: the one place where the house rule against them gives way.
export default (jobs: AnalysisJob[]): Promise<BatchAnswer> =>
  analyzeApart(jobs, (some) => {
    sessions.stopWhen(() => some.every(isAbandoned));
    return analysis.analyze(some);
  });
