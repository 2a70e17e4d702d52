/** The documentation: a page to explore the API, and a valid OpenAPI document that is complete for every route. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { PROBLEMS } from '../../src/http/problems/problem.js';
import { BATCH, COMPARE, DETECT, json, type Service, startService } from '../support/service.js';

interface Media {
  readonly schema: { $ref?: string; properties?: Record<string, unknown>; format?: string };
  readonly examples?: Record<string, { value: Record<string, unknown> }>;
}
interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly parameters?: { name: string; in: string }[];
  readonly requestBody?: { content: Record<string, Media> };
  readonly responses: Record<string, { description: string; content?: Record<string, Media> }>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    schemas: Record<string, { properties: Record<string, object>; required?: string[] }>;
  };
}

let service: Service;
let document: Document;
beforeAll(async () => {
  service = await startService();
  document = await json(await fetch(`${service.url}/docs-json`));
});
afterAll(() => service.app.close());

test('the page loads, and everything it needs comes from the service', async () => {
  const response = await fetch(`${service.url}/docs`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  const page = await response.text();
  expect(page).toContain('Face analysis API');
  const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
  expect(assets.length).toBeGreaterThan(3);
  for (const path of assets) expect((await fetch(new URL(path, response.url))).status).toBe(200);
  for (const path of assets) expect(path).not.toMatch(/^(https?:)?\/\//);
});

test('the document is valid OpenAPI', async () => {
  expect(await new Validator().validate({ ...document })).toMatchObject({ valid: true });
});

test('it has every route, spelled as a caller writes it', () => {
  expect(Object.keys(document.paths).toSorted()).toEqual(
    [
      DETECT,
      COMPARE,
      BATCH,
      '/v1/models',
      '/v1/models/insightface',
      '/-/livez',
      '/-/readyz',
      '/-/healthz',
      '/metrics',
    ].toSorted(),
  );
});

test('every route documents what it does and what it answers', () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const operation of Object.values(operations)) {
      expect([path, operation.summary, operation.description]).toEqual([
        path,
        expect.stringMatching(/^[A-Z].{10,}/),
        expect.stringMatching(/^\S.{20,}\.$/s),
      ]);
      expect(Object.keys(operation.responses)).toContain('200');
    }
  }
});

const REQUEST = ['invalid_request', 'malformed_body', 'unsupported_media_type', 'body_too_large'];
const IMAGE = [
  'image_undecodable',
  'image_unsupported',
  'image_too_large',
  'image_too_many_pixels',
  'download_failed',
  'address_forbidden',
  'object_not_found',
];
const SERVICE = ['worker_failed', 'internal', 'overloaded', 'deadline_exceeded'];

test.each([
  [DETECT, [...REQUEST, ...IMAGE, ...SERVICE]],
  [COMPARE, [...REQUEST, ...IMAGE, 'no_face', ...SERVICE]],
  [BATCH, [...REQUEST, ...SERVICE]],
])('%s has examples, and one of every error under its status', (path, codes) => {
  const { requestBody, responses } = document.paths[path].post;
  expect(Object.keys(requestBody?.content['application/json'].examples ?? {}).length).toBeGreaterThan(0);
  for (const code of codes) {
    const { status, title } = PROBLEMS[code as keyof typeof PROBLEMS];
    const example = responses[status].content?.['application/problem+json'].examples?.[code]?.value;
    expect(example).toMatchObject({ status, title, code, type: `urn:problem:face-analysis:${code}` });
  }
});

test('each way of sending a picture has its own body', () => {
  const content = (path: string): Record<string, Media> =>
    document.paths[path].post.requestBody?.content ?? {};
  expect(Object.keys(content(DETECT))).toEqual(['application/json', 'multipart/form-data', 'image/jpeg']);
  expect(content(DETECT)['image/jpeg'].schema.format).toBe('binary');
  expect(Object.keys(content(DETECT)['multipart/form-data'].schema.properties ?? {})).toEqual(['image']);
  expect(Object.keys(content(COMPARE)['multipart/form-data'].schema.properties ?? {})).toEqual([
    'image1',
    'image2',
  ]);
  expect(document.paths[DETECT].post.parameters?.map(({ name }) => name)).toEqual([
    'max_faces',
    'min_confidence',
    'min_face_size',
    'search',
    'fields',
  ]);
});

test('the examples of detect are accepted', async () => {
  const { examples } = document.paths[DETECT].post.requestBody?.content['application/json'] ?? {};
  const response = await fetch(service.url + DETECT, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(examples?.base64.value),
  });
  expect(await json(response)).toEqual({ faces: [] });
});

test('a face is documented field by field, in types that exist', () => {
  const { properties, required } = document.components.schemas.FaceDto;
  expect(required).toEqual(['bounding_box', 'confidence']);
  expect(properties.bounding_box).toMatchObject({ type: 'array', items: { type: 'integer' }, minItems: 4 });
  expect(properties.landmarks).toMatchObject({ type: 'array', nullable: true });
  for (const name of ['roll', 'yaw', 'pitch', 'quality', 'age'])
    expect(properties[name]).toMatchObject({ type: 'number', nullable: true });
});

test('files and internals are not JSON fields', () => {
  for (const name of ['DetectRequestDto', 'CompareRequestDto'])
    for (const field of ['image', 'image1', 'image2'])
      expect(Object.keys(document.components.schemas[name].properties)).not.toContain(field);
});
