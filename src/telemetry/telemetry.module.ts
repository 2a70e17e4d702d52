/** Reports on requests: provides `Telemetry` everywhere, and the log and traces that observe it. */
import { Global, Module } from '@nestjs/common';
import { RequestLog } from './request-log.js';
import { Telemetry } from './telemetry.service.js';
import { Tracing } from './tracing.service.js';

@Global()
@Module({ providers: [Telemetry, RequestLog, Tracing], exports: [Telemetry] })
export class TelemetryModule {}
