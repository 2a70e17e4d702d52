/** The real service on a free port, and requests to it. */
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/app.setup.js';
import { Config } from '../../src/config/config.js';
import type { CompareResponseDto } from '../../src/faces/compare.dto.js';
import type { DetectResponseDto, FaceDto } from '../../src/faces/detect.dto.js';
import type { ProblemDto } from '../../src/http/problems/problem.dto.js';

export const DETECT = '/v1/models/insightface:detect';
export const COMPARE = '/v1/models/insightface:compare';
export const BATCH = '/v1/models/insightface:batchDetect';

/** A face all of whose optional outputs were asked for and can be given by the default pack. */
export type FullFace = FaceDto &
  Record<'roll' | 'yaw' | 'pitch' | 'quality' | 'liveness_confidence', number> & {
    feature: number[];
    landmarks: [number, number][];
  };

/** A running service. */
export interface Service {
  readonly app: NestExpressApplication;
  readonly url: string;
}

/** Starts the real application on a free port. It logs almost nothing, and stops at once. */
export async function startService(settings: Partial<Config> = {}): Promise<Service> {
  const quiet: Partial<Config> = { logLevel: 'fatal', shutdownTimeoutMs: 0, inferenceMaxWorkers: 1 };
  const app = await createApp(Object.assign(new Config(), quiet, settings));
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

/** Sends a JSON body. */
export function postJson(
  { url }: Service,
  path: string,
  body: unknown,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  });
}

/** Sends a picture as the whole body. */
export function postBytes(
  { url }: Service,
  path: string,
  bytes: Uint8Array,
  type = 'image/jpeg',
): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: bytes as Uint8Array<ArrayBuffer>,
  });
}

/** Sends a form; bytes become files. */
export function postForm(
  { url }: Service,
  path: string,
  fields: Record<string, string | Uint8Array>,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([value]), `${name}.bin`);
  }
  return fetch(url + path, { method: 'POST', body: form });
}

/** The body of an answer that must be 200; any other fails with what the service said. */
export async function json<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

/** The faces of a picture with every output, by raw body. */
export async function facesOf(service: Service, picture: Uint8Array, query = ''): Promise<FullFace[]> {
  const response = await postBytes(service, DETECT + query, picture);
  return (await json<DetectResponseDto>(response)).faces as FullFace[];
}

/** Compares two pictures given as base64. */
export async function compare(service: Service, image1: Buffer, image2: Buffer): Promise<CompareResponseDto> {
  return json(
    await postJson(service, COMPARE, {
      image1_base64: image1.toString('base64'),
      image2_base64: image2.toString('base64'),
    }),
  );
}

/** The problem an answer carries, checked for what every problem must have. */
export async function problemOf(response: Response): Promise<ProblemDto & Record<string, unknown>> {
  const text = await response.text();
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(text) as ProblemDto & Record<string, unknown>;
  expect(problem.status).toBe(response.status);
  expect(problem.type).toBe(`urn:problem:face-analysis:${problem.code}`);
  expect(problem.title).toMatch(/^[A-Z].{5,}/);
  expect(problem.request_id).toBe(response.headers.get('x-request-id'));
  expect(problem.request_id).toMatch(/^[\w-]{36}$/);
  // A sentence that reveals nothing internal: no stack, no file path, no name of a dependency.
  expect(problem.detail).toMatch(/^\S.{10,}[.]$/);
  expect(text).not.toMatch(/\bat \S+ \(|\.[jt]s\b|node_modules|node:|\/src\/|undefined|\[object/);
  return problem;
}

/** Intersection over union of two boxes [x1, y1, x2, y2]. */
export function iou(a: readonly number[], b: readonly number[]): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(0, width) * Math.max(0, height);
  const area = (box: readonly number[]): number => (box[2] - box[0]) * (box[3] - box[1]);
  return shared / (area(a) + area(b) - shared);
}
