/**
 * The record of a request → spans: one for the request, one for each of its pictures, one for each stage of a picture.
 * The request's span starts with the request, so that downloads made for it can name the span as their parent; the
 * other spans are made from the record when the request ends. Attributes are named by OpenTelemetry's semantic
 * conventions for HTTP.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import {
  globalErrorHandler,
  setGlobalErrorHandler,
  TRACE_PARENT_HEADER,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { messageOf } from '../errors.js';
import type { PictureRecord, RequestRecord } from './request-record.js';
import type { RequestObserver } from './telemetry.service.js';

/** How long a shutdown waits for the last spans to be sent. */
const LAST_EXPORT_MS = 2_000;

/** A request being traced. */
interface Trace {
  readonly span: Span;
  readonly context: Context;
  /** Added to the record's times, it gives milliseconds since 1970. */
  readonly epoch: number;
}

export class RequestTracer implements RequestObserver {
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;
  private readonly propagator = new W3CTraceContextPropagator();
  private readonly traces = new WeakMap<RequestRecord, Trace>();

  /**
   * @param endpoint base URL of the collector; spans go to `/v1/traces` below it
   * @param ratio share of the traces started here that is recorded, 0…1
   */
  constructor(endpoint: string, serviceName: string, ratio: number) {
    const logger = new Logger('Tracing');
    setGlobalErrorHandler((error) => logger.warn(`Spans could not be sent: ${messageOf(error)}`));
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
    this.provider = new TracerProvider({
      resource: defaultResource()
        .merge(detectResources({ detectors: [envDetector] }))
        .merge(resourceFromAttributes({ 'service.name': serviceName })),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    });
    this.tracer = this.provider.getTracer('face-analysis-service');
  }

  began(record: RequestRecord, headers: IncomingHttpHeaders): void {
    const caller = this.propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const epoch = Date.now() - performance.now();
    const span = this.tracer.startSpan(
      record.method,
      {
        kind: SpanKind.SERVER,
        startTime: epoch + record.startedAt,
        attributes: { 'http.request.method': record.method, 'face.request_id': record.id },
      },
      caller,
    );
    const context = trace.setSpan(caller, span);
    this.traces.set(record, { span, context, epoch });
    record.traceId = span.spanContext().traceId;
    // `tracestate` is not passed on: the hosts of the pictures must not see the state of the caller's tracing system.
    const outgoing: Record<string, string> = {};
    this.propagator.inject(context, outgoing, defaultTextMapSetter);
    record.traceHeaders = { [TRACE_PARENT_HEADER]: outgoing[TRACE_PARENT_HEADER] };
  }

  ended(record: RequestRecord): void {
    const found = this.traces.get(record);
    if (found === undefined) return;
    const { span, context, epoch } = found;
    for (const picture of record.pictures) this.describe(picture, context, epoch, record.endedAt);
    span.updateName(`${record.method} ${record.route}`);
    span.setAttributes({ 'http.route': record.route, 'http.response.status_code': record.status });
    if (record.status >= 500) fail(span, record.problems[0]?.code ?? String(record.status));
    span.end(epoch + record.endedAt);
  }

  /** Sends the remaining spans and stops. A collector that does not answer delays this by at most `LAST_EXPORT_MS`. */
  async shutdown(): Promise<void> {
    const sent = this.provider.shutdown().catch((error: unknown) => globalErrorHandler(error as Error));
    await Promise.race([sent, setTimeout(LAST_EXPORT_MS, undefined, { ref: false })]);
  }

  private describe(picture: PictureRecord, parent: Context, epoch: number, requestEnd: number): void {
    const { field, origin, faces, failure, startedAt, endedAt = requestEnd, stages } = picture;
    const span = this.tracer.startSpan(
      'picture',
      { startTime: epoch + startedAt, attributes: { 'face.field': field, 'face.origin': origin } },
      parent,
    );
    if (faces !== undefined) span.setAttribute('face.faces', faces);
    if (failure !== undefined) fail(span, failure);
    const context = trace.setSpan(parent, span);
    for (const stage of stages) {
      const child = this.tracer.startSpan(stage.name, { startTime: epoch + stage.startedAt }, context);
      if (stage.failure !== undefined) fail(child, stage.failure);
      child.end(epoch + stage.endedAt);
    }
    span.end(epoch + endedAt);
  }
}

function fail(span: Span, code: string): void {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
