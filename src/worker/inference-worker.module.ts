/** The modules of one worker thread. */
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
  /** @param config of the main thread, with this worker's GPU */
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
