/** What HTTP does for every route alike. */
import { Module } from '@nestjs/common';
import { RequestLog } from '../telemetry/request-log.js';

@Module({ providers: [RequestLog] })
export class HttpModule {}
