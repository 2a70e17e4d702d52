/** Traces: a collector receives the spans of each request, as part of the caller's trace. Without one, nothing is loaded. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { blank, sample } from '../fixtures/pictures.js';
import {
  COMPARE,
  DETECT,
  json,
  postBytes,
  postForm,
  postJson,
  type Service,
  startService,
} from '../support/service.js';

/** A span in the JSON of OTLP. */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
  readonly status: { code: number };
}
interface OtlpRequest {
  readonly resourceSpans: {
    resource: { attributes: OtlpSpan['attributes'] };
    scopeSpans: { spans: OtlpSpan[] }[];
  }[];
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const STAGES = ['load', 'decode', 'queue', 'detect', 'recognise', 'attributes'];

let collector: Server;
/** A server that serves a picture and records the headers of requests. */
let web: Server;
const exports: OtlpRequest[] = [];
const exportHeaders: IncomingHttpHeaders[] = [];
const webHeaders: IncomingHttpHeaders[] = [];

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let collectorUrl: string;
let webUrl: string;
beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.url !== '/v1/traces') return void response.writeHead(404).end();
      exports.push(JSON.parse(body) as OtlpRequest);
      exportHeaders.push(request.headers);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  web = createServer((request, response) => {
    webHeaders.push(request.headers);
    response.end(sample(3));
  });
  // Variables that the SDK itself reads.
  process.env.OTEL_EXPORTER_OTLP_HEADERS = 'x-tenant=faces';
  process.env.OTEL_RESOURCE_ATTRIBUTES = 'deployment.environment.name=test';
  [collectorUrl, webUrl] = [await listen(collector), await listen(web)];
});
afterAll(() => {
  for (const server of [collector, web]) {
    server.closeAllConnections();
    server.close();
  }
});

/** Starts a service, sends requests, stops it (which flushes all spans), and returns the spans. */
async function spansOf(ask: (service: Service) => Promise<unknown>): Promise<OtlpSpan[]> {
  exports.length = 0;
  const service = await startService({
    otlpEndpoint: collectorUrl,
    otelServiceName: 'faces-test',
    urlAllowedAddresses: ['127.0.0.1'],
  });
  try {
    await ask(service);
  } finally {
    await service.app.close();
  }
  return exports.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );
}

const named = (spans: readonly OtlpSpan[], name: string): OtlpSpan[] =>
  spans.filter((span) => span.name === name);
const attribute = (
  { attributes }: Pick<OtlpSpan, 'attributes'>,
  name: string,
): string | number | undefined => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
};
/** Milliseconds since 1970. */
const start = ({ startTimeUnixNano }: OtlpSpan): number => Number(BigInt(startTimeUnixNano) / 1000n) / 1000;
const end = ({ endTimeUnixNano }: OtlpSpan): number => Number(BigInt(endTimeUnixNano) / 1000n) / 1000;
/** Tolerance for two clocks that are read one after the other, by threads that may be interrupted in between. */
const CLOCKS_MS = 1_000;

test('a request continues the trace of its caller, down to each stage in the worker', async () => {
  let timings = '';
  const asked = Date.now();
  const spans = await spansOf(async (service) => {
    const response = await fetch(`${service.url}${DETECT}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01` },
      body: JSON.stringify({ image_url: `${webUrl}/a.jpg?token=verysecret` }),
    });
    timings = response.headers.get('server-timing') ?? '';
    await json(response);
  });
  const answered = Date.now();

  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  expect(spans.map(({ name }) => name).toSorted()).toEqual(
    [`POST ${DETECT}`, 'picture', ...STAGES].toSorted(),
  );
  const [request] = named(spans, `POST ${DETECT}`);
  const [picture] = named(spans, 'picture');
  expect(request).toMatchObject({ parentSpanId: CALLER, kind: 2 });
  expect(picture.parentSpanId).toBe(request.spanId);
  const stages = STAGES.map((name) => named(spans, name)[0]);
  for (const stage of stages) expect(stage.parentSpanId).toBe(picture.spanId);

  // Each span is inside its parent, after the previous one, and as long as Server-Timing says.
  expect(start(request)).toBeGreaterThanOrEqual(asked - CLOCKS_MS);
  expect(end(request)).toBeLessThanOrEqual(answered + CLOCKS_MS);
  expect(start(picture)).toBeGreaterThanOrEqual(start(request));
  expect(end(picture)).toBeLessThanOrEqual(end(request));
  let before = start(picture);
  for (const stage of stages) {
    expect(start(stage)).toBeGreaterThanOrEqual(before - 0.01);
    before = end(stage);
    const told = Number(new RegExp(`${stage.name};dur=([\\d.]+)`).exec(timings)?.[1]);
    expect([stage.name, end(stage) - start(stage)]).toEqual([stage.name, expect.closeTo(told, 0)]);
  }
  expect(end(picture)).toBeGreaterThanOrEqual(before - CLOCKS_MS);

  expect(attribute(request, 'http.route')).toBe(DETECT);
  expect(attribute(request, 'http.response.status_code')).toBe(200);
  expect(attribute(picture, 'face.faces')).toBe(3);
  expect(attribute(picture, 'face.origin')).toBe('http');
  expect(attribute(exports[0].resourceSpans[0].resource, 'service.name')).toBe('faces-test');
  expect(attribute(exports[0].resourceSpans[0].resource, 'deployment.environment.name')).toBe('test');
  expect(exportHeaders.at(-1)).toMatchObject({ 'content-type': 'application/json', 'x-tenant': 'faces' });
  expect(JSON.stringify(exports)).not.toMatch(/verysecret|a\.jpg/);

  // The download names the span of the request as its parent.
  expect(webHeaders.at(-1)?.traceparent).toBe(`00-${TRACE}-${request.spanId}-01`);
});

test('each picture of a comparison has its own spans; a refusal is an error where it happened', async () => {
  const spans = await spansOf(async (service) => {
    await postForm(service, COMPARE, { image1: sample(3), image2: sample(3) });
    await postBytes(service, DETECT, Buffer.from('hello'));
    await fetch(`${service.url}/no/such/route`);
  });
  const [comparison] = named(spans, `POST ${COMPARE}`);
  const pictures = named(spans, 'picture').filter(({ parentSpanId }) => parentSpanId === comparison.spanId);
  expect(pictures.map((picture) => attribute(picture, 'face.field')).toSorted()).toEqual([
    'image1',
    'image2',
  ]);
  for (const { spanId } of pictures) {
    const stages = spans.filter(({ parentSpanId }) => parentSpanId === spanId);
    expect(stages.map(({ name }) => name)).toEqual(STAGES);
  }
  const [refused] = named(spans, `POST ${DETECT}`);
  expect(refused.status.code).not.toBe(2); // the caller's fault is no error of a server
  const [decode] = named(spans, 'decode').filter(({ status }) => status.code === 2);
  expect(decode.traceId).toBe(refused.traceId);
  expect(attribute(decode, 'error.type')).toBe('image_undecodable');
  expect(named(spans, 'GET other')).toHaveLength(1);
  // Three requests start three traces, because none came with one.
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(3);
});

test('a trace that the caller does not record is not recorded here', async () => {
  const headers = { traceparent: `00-${TRACE}-${CALLER}-00` };
  const spans = await spansOf((service) => fetch(`${service.url}/-/livez`, { headers }));
  expect(spans).toEqual([]);
});

test('without the collector, spans are lost, but no requests', async () => {
  const service = await startService({ otlpEndpoint: 'http://127.0.0.1:1' });
  const image = await blank();
  expect((await postBytes(service, DETECT, image)).status).toBe(200);
  await service.app.close();
});

test('switched off, no span is made and no header is sent', async () => {
  webHeaders.length = 0;
  exports.length = 0;
  const service = await startService({ urlAllowedAddresses: ['127.0.0.1'] });
  await json(await postJson(service, DETECT, { image_url: `${webUrl}/a.jpg` }));
  await service.app.close();
  expect(webHeaders[0].traceparent).toBeUndefined();
  expect(exports).toEqual([]);
});

test('switched off, the SDK is not loaded', async () => {
  expect(await loaded({})).not.toContain('@opentelemetry/sdk-trace');
});

test('switched on, it is', async () => {
  expect(await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl })).toContain('@opentelemetry/sdk-trace');
});

/** The paths of the CommonJS modules that a started service has loaded. OpenTelemetry's are CommonJS. */
async function loaded(environment: NodeJS.ProcessEnv): Promise<string> {
  const script = `(async () => {
    const [{ createApp }, { loadConfig }] = await Promise.all(
      ['app.setup', 'config/config'].map((file) => import('./dist/src/' + file + '.js')));
    const app = await createApp(loadConfig());
    await app.init();
    console.log(Object.keys(require.cache).join('\\n'));
    await app.close();
    process.exit();
  })()`;
  const child = spawn(process.execPath, ['--eval', script], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'fatal', SHUTDOWN_TIMEOUT_MS: '0', ...environment },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  expect(text).toContain('prom-client');
  return text;
}
