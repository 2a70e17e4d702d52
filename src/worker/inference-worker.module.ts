/** Everything one worker thread consists of. */
import { type DynamicModule, Module } from '@nestjs/common';
import { AttributesModule } from '../attributes/attributes.module.js';
import type { Config } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { DetectionModule } from '../detection/detection.module.js';
import { PacksModule } from '../packs/packs.module.js';
import { RecognitionModule } from '../recognition/recognition.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { AnalysisService } from './analysis.service.js';

@Module({})
export class InferenceWorkerModule {
  /** @param config the main thread's */
  static with(config: Config): DynamicModule {
    return {
      module: InferenceWorkerModule,
      imports: [
        ConfigModule.with(config),
        PacksModule,
        SessionsModule,
        DetectionModule,
        RecognitionModule,
        AttributesModule,
      ],
      providers: [AnalysisService],
    };
  }
}
