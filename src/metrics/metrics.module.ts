/** What Prometheus is told. The only room that knows prom-client. */
import { Module } from '@nestjs/common';
import { Registry } from 'prom-client';
import { InferenceModule } from '../inference/inference.module.js';
import { MetricsController } from './metrics.controller.js';
import { RequestMetrics } from './request-metrics.js';
import { ServiceMetrics } from './service-metrics.js';

@Module({
  imports: [InferenceModule],
  controllers: [MetricsController],
  // A registry of its own, not the process's: one application, one set of numbers.
  providers: [{ provide: Registry, useFactory: () => new Registry() }, RequestMetrics, ServiceMetrics],
})
export class MetricsModule {}
