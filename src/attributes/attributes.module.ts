/** Face attributes. */
import { Module } from '@nestjs/common';
import { AppearanceHead } from './appearance.head.js';
import { AttributesService } from './attributes.service.js';
import { DemographicsHead } from './demographics.head.js';
import { LivenessHead } from './liveness.head.js';
import { PoseHead } from './pose.head.js';

@Module({
  providers: [PoseHead, LivenessHead, AppearanceHead, DemographicsHead, AttributesService],
  exports: [AttributesService],
})
export class AttributesModule {}
