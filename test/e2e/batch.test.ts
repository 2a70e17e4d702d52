/** batchDetect: several pictures in one request, each answered on its own, in order. */
import type { BatchDetectResponseDto } from '../../src/faces/batch-detect.dto.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { blank, sample } from '../fixtures/pictures.js';
import {
  BATCH,
  type FullFace,
  facesOf,
  json,
  postJson,
  problemOf,
  type Service,
  startService,
} from '../support/service.js';

let service: Service;
let pictures: { image_base64: string }[];
let answers: FullFace[][];

beforeAll(async () => {
  service = await startService({ inferenceMaxWorkers: 2, inferenceMaxQueue: 1 });
  const bytes = [sample(1), sample(4), await blank()];
  answers = [];
  for (const one of bytes) answers.push(await facesOf(service, one));
  pictures = bytes.map((one) => ({ image_base64: one.toString('base64') }));
});
afterAll(() => service.app.close());

async function ask(requests: unknown[]): Promise<BatchDetectResponseDto['responses']> {
  return (await json<BatchDetectResponseDto>(await postJson(service, BATCH, { requests }))).responses;
}

test('answers each request as detect would, in the order of the requests', async () => {
  const [three, four, none] = pictures;
  expect(await ask([three, four, none, four])).toEqual([
    { faces: answers[0] },
    { faces: answers[1] },
    { faces: [] },
    { faces: answers[1] },
  ]);
});

test('each request has its own options', async () => {
  const [three, four] = pictures;
  const [first, second] = await ask([
    { ...three, max_faces: 1, fields: [] },
    { ...four, fields: ['roll'] },
  ]);
  const { bounding_box, confidence } = answers[0][0];
  expect(first).toEqual({ faces: [{ bounding_box, confidence }] });
  expect(second).toEqual({
    faces: answers[1].map((face) => ({
      bounding_box: face.bounding_box,
      confidence: face.confidence,
      roll: face.roll,
    })),
  });
});

test('a request that fails gets a problem as its response, and does not affect the others', async () => {
  const [three] = pictures;
  const response = await postJson(service, BATCH, {
    requests: [
      { image_base64: 'aGVsbG8=' },
      three,
      {},
      { ...three, beard: 1 },
      { image_url: 'http://10.0.0.1/a.jpg' },
      { ...three, max_faces: 0 },
    ],
  });
  const request_id = response.headers.get('x-request-id');
  const { responses } = await json<BatchDetectResponseDto>(response);
  expect(responses).toMatchObject([
    { error: { code: 'image_undecodable', status: 400, request_id, field: 'image_base64' } },
    { faces: [{}, {}, {}] },
    { error: { code: 'invalid_request', status: 422, errors: [{ field: 'image_base64' }] } },
    { error: { code: 'invalid_request', status: 422, errors: [{ field: 'beard' }] } },
    { error: { code: 'address_forbidden', status: 400, field: 'image_url' } },
    { error: { code: 'invalid_request', status: 422, errors: [{ field: 'max_faces' }] } },
  ]);
});

test('sixteen requests are answered although the queue holds one, because a batch takes turns', async () => {
  const responses = await ask(Array<unknown>(16).fill({ ...pictures[1], fields: [] }));
  expect(responses).toHaveLength(16);
  for (const response of responses) expect(response).toMatchObject({ faces: [{}, {}, {}, {}] });
  expect(service.app.get(InferencePool).state).toMatchObject({ running: 0, queued: 0 });
});

test.each([
  ['none', []],
  ['seventeen', Array<unknown>(17).fill({ image_base64: 'aGVsbG8=' })],
  ['something else', 'all of them'],
  ['no objects', ['aGVsbG8=', null, 7]],
  ['lists', [[]]],
])('%s: refused as a whole', async (_, requests) => {
  const problem = await problemOf(await postJson(service, BATCH, { requests }));
  expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
  expect(problem.errors?.map(({ field }) => field)).toContain('requests');
});

test('an unknown field next to the requests is refused', async () => {
  const problem = await problemOf(await postJson(service, BATCH, { requests: [pictures[2]], max_faces: 1 }));
  expect(problem.errors).toEqual([{ field: 'max_faces', message: expect.any(String) as string }]);
});
