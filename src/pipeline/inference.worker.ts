/** Entry of a worker thread: a Nest application context with its own ONNX sessions, warm before it takes its first job. */
import { NestFactory } from '@nestjs/core';
import { workerData } from 'piscina';
import type { Config } from '../config/config.js';
import type { AnalysisJob, BatchResult } from './analysis.js';
import { SessionManager } from '../sessions/session-manager.service.js';
import { ServiceLogger } from '../telemetry/service-logger.js';
import { AnalysisService } from './analysis.service.js';
import { InferenceWorkerModule } from './inference-worker.module.js';

const config = workerData as Config;
const context = await NestFactory.createApplicationContext(InferenceWorkerModule.with(config), {
  logger: new ServiceLogger(config, 'warn'),
  abortOnError: false,
});
const analysis = context.get(AnalysisService);
const sessions = context.get(SessionManager);
await analysis.warmUp();

// Piscina calls a worker file's default export: the one place where the house rule against them gives way.
export default (jobs: AnalysisJob[]): Promise<BatchResult> => {
  sessions.stopWhen(() =>
    jobs.every(({ abandoned }) => abandoned !== undefined && Atomics.load(abandoned, 0) !== 0),
  );
  return analysis.analyze(jobs);
};
