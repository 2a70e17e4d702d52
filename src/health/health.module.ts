/** Liveness, readiness and health. */
import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AccessModule } from '../access/access.module.js';
import type { Config } from '../config/config.js';
import { ImagesModule } from '../images/images.module.js';
import { InferenceModule } from '../inference/inference.module.js';
import { AccessHealth } from './access.health.js';
import { DecoderHealth } from './decoder.health.js';
import { HealthController } from './health.controller.js';
import { InferenceHealth } from './inference.health.js';
import { PackHealth } from './pack.health.js';
import { RuntimeHealth } from './runtime.health.js';

@Module({})
export class HealthModule {
  static with({ shutdownTimeoutMs }: Config): DynamicModule {
    return {
      module: HealthModule,
      // After a stop signal, health answers 503 while the other routes keep serving for this long.
      imports: [
        TerminusModule.forRoot({ gracefulShutdownTimeoutMs: shutdownTimeoutMs }),
        ImagesModule,
        InferenceModule,
        AccessModule,
      ],
      controllers: [HealthController],
      providers: [PackHealth, RuntimeHealth, InferenceHealth, DecoderHealth, AccessHealth],
    };
  }
}
