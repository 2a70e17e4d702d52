/** The modules of the application. */
import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { FacesModule } from './faces/faces.module.js';
import { HealthModule } from './health/health.module.js';
import { ManagementServer } from './http/server/management-server.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { PacksModule } from './packs/packs.module.js';
import { TelemetryModule } from './telemetry/telemetry.module.js';

@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        TelemetryModule,
        AccessModule,
        PacksModule,
        FacesModule,
        HealthModule.with(config),
        MetricsModule,
      ],
      providers: [ManagementServer],
    };
  }
}
