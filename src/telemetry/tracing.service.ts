/** Turns traces on if a collector is configured; otherwise OpenTelemetry's SDK is not even loaded. */
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Telemetry } from './telemetry.service.js';
import type { RequestTracer } from './request-tracer.js';

@Injectable()
export class Tracing implements OnModuleInit, OnApplicationShutdown {
  private tracer?: RequestTracer;

  constructor(
    private readonly config: Config,
    private readonly telemetry: Telemetry,
  ) {}

  async onModuleInit(): Promise<void> {
    const { otlpEndpoint, otelServiceName, traceRatio } = this.config;
    if (otlpEndpoint === undefined) return;
    const { RequestTracer } = await import('./request-tracer.js');
    this.tracer = new RequestTracer(otlpEndpoint, otelServiceName, traceRatio);
    this.telemetry.observe(this.tracer);
  }

  /** Sends the remaining spans. */
  async onApplicationShutdown(): Promise<void> {
    await this.tracer?.shutdown();
  }
}
