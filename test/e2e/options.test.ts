/** The options of detect, which work the same in JSON, form and query. */
import type { DetectResponseDto } from '../../src/faces/detect.dto.js';
import { FACE_FIELDS } from '../../src/faces/face-fields.js';
import { sample } from '../fixtures/pictures.js';
import {
  DETECT,
  facesOf,
  json,
  postBytes,
  postForm,
  postJson,
  problemOf,
  type Service,
  startService,
} from '../support/service.js';

const picture = sample(4);
let service: Service;
let all: DetectResponseDto['faces'];

beforeAll(async () => {
  service = await startService();
  all = await facesOf(service, picture);
});
afterAll(() => service.app.close());

type Options = Record<string, string | number | boolean | null | string[]>;

/** Sends the options as JSON, as form fields and as query parameters. All three answers must be the same. */
async function ask(options: Options): Promise<DetectResponseDto['faces']> {
  const texts = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
  const [first, ...others] = await Promise.all(
    [
      postJson(service, DETECT, { image_base64: picture.toString('base64'), ...options }),
      postForm(service, DETECT, { image: picture, ...texts }),
      postBytes(service, `${DETECT}?${new URLSearchParams(texts).toString()}`, picture),
    ].map(async (answer) => json<DetectResponseDto>(await answer)),
  );
  for (const other of others) expect(other).toEqual(first);
  return first.faces;
}

const side = ({ bounding_box: [x1, y1, x2, y2] }: DetectResponseDto['faces'][number]): number =>
  Math.min(x2 - x1, y2 - y1);

test('without options, all faces come with all fields', async () => {
  expect(await ask({})).toEqual(all);
  expect(all).toHaveLength(4);
});

test('max_faces keeps the largest', async () => {
  expect(await ask({ max_faces: 2 })).toEqual(all.slice(0, 2));
  expect(await ask({ max_faces: 1000 })).toEqual(all);
});

test('min_face_size drops faces whose shorter side is below it', async () => {
  const sides = all.map(side).toSorted((a, b) => a - b);
  const least = (sides[1] + sides[2]) / 2;
  const kept = await ask({ min_face_size: least });
  expect(kept).toEqual(all.filter((face) => side(face) >= least));
  expect(kept).toHaveLength(2);
  expect(await ask({ min_face_size: 60_000 })).toEqual([]);
});

test('min_confidence drops faces the detector is less sure of', async () => {
  const candidates = await ask({ min_confidence: 0.05 });
  const scores = [...new Set(candidates.map(({ confidence }) => confidence))].toSorted((a, b) => a - b);
  expect(scores.length).toBeGreaterThan(1);
  const least = (scores[0] + scores[1]) / 2;
  const kept = await ask({ min_confidence: least });
  expect(kept.map(({ bounding_box }) => bounding_box)).toEqual(
    candidates.filter(({ confidence }) => confidence >= least).map(({ bounding_box }) => bounding_box),
  );
  expect(kept.length).toBeLessThan(candidates.length);
});

test('a picture that an input shows whole has the same faces in a thorough search', async () => {
  expect(await ask({ search: 'standard' })).toEqual(all);
  const thorough = await ask({ search: 'thorough' });
  expect(thorough).toHaveLength(all.length);
});

test('another search is refused, and the answer names those there are', async () => {
  const problem = await problemOf(await postBytes(service, `${DETECT}?search=quick`, picture));
  expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
  expect(problem.errors).toEqual([
    { field: 'search', message: expect.stringMatching(/search.*standard, thorough/) as string },
  ]);
});

test('a low min_confidence finds no fewer faces', async () => {
  expect((await ask({ min_confidence: 0.2, fields: ['roll'] })).length).toBeGreaterThanOrEqual(all.length);
});

test.each(FACE_FIELDS.map((field) => [field]))('fields: %s alone', async (field) => {
  const faces = await ask({ fields: [field], max_faces: 1 });
  expect(Object.keys(faces[0])).toEqual(['bounding_box', 'confidence', field]);
  expect(faces[0][field]).toEqual(all[0][field]);
});

test('fields are returned in the order of the contract, however they are requested', async () => {
  const faces = await ask({ fields: ['pitch', 'feature', 'landmarks'] });
  expect(Object.keys(faces[0])).toEqual(['bounding_box', 'confidence', 'landmarks', 'feature', 'pitch']);
});

test('no fields at all: box and confidence', async () => {
  const answer = await postJson(service, DETECT, { image_base64: picture.toString('base64'), fields: [] });
  const { faces } = await json<DetectResponseDto>(answer);
  expect(faces.map((face) => Object.keys(face))).toEqual(all.map(() => ['bounding_box', 'confidence']));
  const query = await json<DetectResponseDto>(await postBytes(service, `${DETECT}?fields=`, picture));
  expect(query.faces).toEqual(faces);
});

test('an option that is null counts as missing', async () => {
  const nothing = { max_faces: null, min_confidence: null, min_face_size: null, search: null, fields: null };
  const answer = await postJson(service, DETECT, { image_base64: picture.toString('base64'), ...nothing });
  expect(await json(answer)).toEqual({ faces: all });
});

test('a body’s option overrides the query’s', async () => {
  const answer = await postJson(service, `${DETECT}?max_faces=3`, {
    image_base64: picture.toString('base64'),
    max_faces: 1,
  });
  expect((await json<DetectResponseDto>(answer)).faces).toHaveLength(1);
});

test('the answer says where its time went', async () => {
  const timed = async (query: string): Promise<Record<string, number>> => {
    const response = await postBytes(service, DETECT + query, picture);
    const header = response.headers.get('server-timing') ?? '';
    return Object.fromEntries(
      header.split(', ').map((entry) => {
        const [name, duration] = entry.split(';dur=');
        return [name, Number(duration)] as const;
      }),
    );
  };
  const everything = await timed('');
  expect(Object.keys(everything)).toEqual(['load', 'decode', 'queue', 'detect', 'recognise', 'attributes']);
  for (const [name, ms] of Object.entries(everything)) expect([name, ms >= 0]).toEqual([name, true]);
  for (const stage of ['detect', 'recognise', 'attributes']) expect(everything[stage]).toBeGreaterThan(0);
  // Which models run for which fields, test/worker/analysis.test.ts counts.
});

test.each<[string, unknown]>([
  ['max_faces', 0],
  ['max_faces', 1001],
  ['max_faces', 1.5],
  ['max_faces', 'many'],
  ['max_faces', {}],
  ['max_faces', true],
  ['max_faces', [3]],
  ['max_faces', ''],
  ['min_confidence', 0],
  ['min_confidence', 1.01],
  ['min_confidence', 'high'],
  ['min_confidence', ''],
  ['min_confidence', [0.5]],
  ['min_face_size', -1],
  ['min_face_size', 'small'],
  ['min_face_size', 65_536],
  ['search', ''],
  ['search', 'Thorough'],
  ['search', ['thorough']],
  ['search', true],
  ['fields', 'beard'],
  ['fields', ['feature', 'beard']],
  ['fields', 7],
  ['fields', {}],
  ['image_base64', 7],
  ['image_base64', ['aGk=']],
  ['image_url', 7],
  ['image_url', 'ftp://example.com/a.jpg'],
  ['image_url', '/etc/passwd'],
  ['image', 'aGk='],
  ['beard', true],
  ['__proto__x', 1],
])('%s: %j is refused by name', async (field, value) => {
  const source = field.startsWith('image') ? {} : { image_base64: picture.toString('base64') };
  const problem = await problemOf(await postJson(service, DETECT, { ...source, [field]: value }));
  expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
  expect(problem.errors?.map((error) => error.field)).toContain(field);
  expect(problem.errors?.every(({ message }) => message.includes(field))).toBe(true);
});

test('all wrong fields are named at once', async () => {
  const problem = await problemOf(
    await postBytes(service, `${DETECT}?max_faces=0&min_confidence=2&fields=beard&shoes=1`, picture),
  );
  expect(problem.errors?.map(({ field }) => field).toSorted()).toEqual([
    'fields',
    'max_faces',
    'min_confidence',
    'shoes',
  ]);
});
