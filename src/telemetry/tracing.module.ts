/** Traces, for those who switch them on. */
import { Module } from '@nestjs/common';
import { Tracing } from './tracing.service.js';

@Module({ providers: [Tracing] })
export class TracingModule {}
