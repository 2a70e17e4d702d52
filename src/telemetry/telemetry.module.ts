/** Makes the hub of request records injectable everywhere. */
import { Global, Module } from '@nestjs/common';
import { Telemetry } from './telemetry.service.js';

@Global()
@Module({ providers: [Telemetry], exports: [Telemetry] })
export class TelemetryModule {}
