/** The main thread's side of inference: the pool of workers, and admission. */
import { Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Admission } from './admission.service.js';
import { InferencePool } from './inference-pool.service.js';
import { createThreads } from './create-threads.js';
import { WorkerThreads } from './worker-threads.js';

@Module({
  providers: [
    Admission,
    InferencePool,
    { provide: WorkerThreads, useFactory: createThreads, inject: [Config] },
  ],
  exports: [Admission, InferencePool],
})
export class InferenceModule {}
