/** The main thread's side of the hop. */
import { Module } from '@nestjs/common';
import { Admission } from './admission.service.js';
import { InferencePool } from './inference-pool.service.js';

@Module({ providers: [Admission, InferencePool], exports: [Admission, InferencePool] })
export class InferenceModule {}
