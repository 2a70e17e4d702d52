/** Metrics for Prometheus. The only folder that imports prom-client. */
import { Module } from '@nestjs/common';
import { Registry } from 'prom-client';
import { InferenceModule } from '../inference/inference.module.js';
import { MetricsController } from './metrics.controller.js';
import { RequestMetrics } from './request-metrics.js';
import { ServiceMetrics } from './service-metrics.js';

@Module({
  imports: [InferenceModule],
  controllers: [MetricsController],
  // One registry per application, not per process, so that each application has its own metrics.
  providers: [{ provide: Registry, useFactory: () => new Registry() }, RequestMetrics, ServiceMetrics],
})
export class MetricsModule {}
