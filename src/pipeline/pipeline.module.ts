/** The main thread's side of the hop. */
import { Module } from '@nestjs/common';
import { InferencePool } from './inference-pool.service.js';

@Module({ providers: [InferencePool], exports: [InferencePool] })
export class PipelineModule {}
