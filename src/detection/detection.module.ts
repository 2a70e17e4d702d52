/** Face detection and landmarks. */
import { Module } from '@nestjs/common';
import { DetectionService } from './detection.service.js';

@Module({ providers: [DetectionService], exports: [DetectionService] })
export class DetectionModule {}
