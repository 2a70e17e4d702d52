/** Makes the worker's session manager injectable. */
import { Global, Module } from '@nestjs/common';
import { SessionManager } from './session-manager.service.js';

@Global()
@Module({ providers: [SessionManager], exports: [SessionManager] })
export class SessionsModule {}
