/** The metrics add up: after a mixed load, they show what the callers saw. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DetectResponseDto } from '../../src/faces/detect.dto.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { WorkerThreads } from '../../src/inference/worker-threads.js';
import { blank, sample } from '../fixtures/pictures.js';
import {
  BATCH,
  COMPARE,
  DETECT,
  postBytes,
  postForm,
  postJson,
  type Service,
  startService,
} from '../support/service.js';
import { until } from '../support/until.js';

let service: Service;
/** A server that accepts connections and never answers. */
let silent: Server;
let silentUrl: string;

beforeAll(async () => {
  silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/picture.jpg`;
  service = await startService({ inferenceMaxQueue: 3, urlAllowedAddresses: ['127.0.0.1'] });
});
afterAll(async () => {
  await service.app.close();
  silent.closeAllConnections();
  silent.close();
});

/** All samples as `name{labels}` → value, with the labels sorted by name. */
type Samples = ReadonlyMap<string, number>;

async function scrape(): Promise<Samples> {
  const response = await fetch(`${service.url}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const samples = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, labels = '', value] = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    samples.set(`${name}{${labels.split(',').toSorted().join(',')}}`, Number(value));
  }
  return samples;
}

/** The sum of all samples of a metric whose labels contain some text. */
function sum(samples: Samples, name: string, ...labels: string[]): number {
  return [...samples]
    .filter(([key]) => key.startsWith(`${name}{`) && labels.every((label) => key.includes(label)))
    .reduce((total, [, value]) => total + value, 0);
}

test('what is running, and the state of an idle service', async () => {
  const samples = await scrape();
  const [info] = [...samples.keys()].filter((key) => key.startsWith('face_build_info'));
  expect(info).toMatch(
    /^face_build_info\{node="v\d+\.\d+\.\d+",pack="default",provider="cpu",version="\d+\.\d+\.\d+"\}$/,
  );
  expect(samples.get(info)).toBe(1);
  expect(samples.get('face_workers{state="idle"}')).toBe(1);
  expect(samples.get('face_workers{state="busy"}')).toBe(0);
  for (const name of ['face_queue_depth', 'face_jobs_in_flight', 'face_bytes_in_flight'])
    expect(samples.get(`${name}{}`)).toBe(0);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_version_info'])
    expect(sum(samples, name)).toBeGreaterThan(0);
  expect(samples.get('face_eventloop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
});

test('after a mixed load, all sums match what the callers counted', async () => {
  const before = await scrape();
  const [people, nobody] = [sample(3), await blank()];
  const answers: { path: string; method: string; status: number; faces: number; pictures: number }[] = [];
  const codes: string[] = [];
  const note = async (path: string, method: string, asked: Promise<Response>): Promise<void> => {
    const response = await asked;
    const body = (await response.json()) as Partial<DetectResponseDto> & {
      code?: string;
      image1?: object;
      responses?: { faces?: object[]; error?: { code: string } }[];
    };
    if (body.code !== undefined) codes.push(body.code);
    for (const { error } of body.responses ?? []) if (error !== undefined) codes.push(error.code);
    const lists = [body.faces, ...(body.responses ?? []).map(({ faces }) => faces)].filter(
      (list) => list !== undefined,
    );
    answers.push({
      path,
      method,
      status: response.status,
      // A comparison returns the largest face of each of its two pictures.
      faces: lists.flat().length + (body.image1 === undefined ? 0 : 2),
      pictures: lists.length + (body.image1 === undefined ? 0 : 2),
    });
  };

  // One after the other, so that nothing is refused for lack of room.
  await note(DETECT, 'POST', postBytes(service, DETECT, people));
  await note(DETECT, 'POST', postBytes(service, DETECT, nobody));
  await note(DETECT, 'POST', postBytes(service, DETECT, Buffer.from('hello')));
  await note(COMPARE, 'POST', postForm(service, COMPARE, { image1: people, image2: people }));
  const items = [people, nobody, Buffer.from('hello')].map((image) => ({
    image_base64: image.toString('base64'),
  }));
  await note(BATCH, 'POST', postJson(service, BATCH, { requests: items }));
  // All at once: more than the queue holds, including invalid pictures and routes.
  await Promise.all([
    ...Array.from({ length: 12 }, () => note(DETECT, 'POST', postBytes(service, DETECT, people))),
    ...Array.from({ length: 3 }, () =>
      note(DETECT, 'POST', postBytes(service, DETECT, Buffer.from('hello'))),
    ),
    note(DETECT, 'POST', postJson(service, DETECT, { image_url: 'http://192.168.0.1/a.jpg' })),
    note(DETECT, 'POST', fetch(service.url + DETECT, { method: 'POST', body: '{', headers: TYPE_JSON })),
    note('other', 'GET', fetch(`${service.url}/no/such/route?q=1`)),
    note('other', 'POST', postJson(service, '/v1/models/insightface:dream', {})),
    note(DETECT, 'GET', fetch(service.url + DETECT)),
  ]);
  // A caller that disconnects is counted, too.
  const leaving = new AbortController();
  const connected = new Promise((resolve) => silent.once('connection', resolve));
  const left = postJson(service, DETECT, { image_url: silentUrl }, { signal: leaving.signal });
  await connected;
  leaving.abort();
  await expect(left).rejects.toThrow(/abort/);
  answers.push({ path: DETECT, method: 'POST', status: 499, faces: 0, pictures: 0 });

  let after = before;
  const grown = (name: string, ...labels: string[]): number =>
    sum(after, name, ...labels) - sum(before, name, ...labels);
  await until(async () => {
    after = await scrape();
    return grown('face_http_requests_total', 'status="499"') === 1;
  });

  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].toSorted((a, b) => a - b)).toEqual([200, 400, 404, 499, 503]);
  for (const { path, method, status } of answers) {
    const alike = answers.filter(
      (one) => one.path === path && one.method === method && one.status === status,
    );
    const labels = [`route="${path}"`, `method="${method}"`, `status="${status}"`];
    expect([labels, grown('face_http_requests_total', ...labels)]).toEqual([labels, alike.length]);
  }
  const ours = (name: string): number => grown(name) - grown(name, 'route="/metrics"');
  expect(ours('face_http_requests_total')).toBe(answers.length);
  expect(ours('face_http_request_duration_seconds_count')).toBe(answers.length);

  const pictures = answers.reduce((total, one) => total + one.pictures, 0);
  const faces = answers.reduce((total, one) => total + one.faces, 0);
  expect(faces).toBeGreaterThan(6);
  expect(grown('face_faces_per_image_count')).toBe(pictures);
  expect(grown('face_faces_per_image_sum')).toBe(faces);
  for (const stage of ['queue', 'detect', 'recognise', 'attributes'])
    expect([stage, grown('face_stage_duration_seconds_count', `stage="${stage}"`)]).toEqual([
      stage,
      pictures,
    ]);
  expect(grown('face_queue_wait_seconds_count')).toBe(pictures);
  expect(grown('face_batch_size_sum')).toBe(pictures);
  expect(grown('face_stage_duration_seconds_sum', 'stage="detect"')).toBeGreaterThan(0);

  const count = (code: string): number => codes.filter((one) => one === code).length;
  expect(count('overloaded')).toBeGreaterThan(0);
  expect(grown('face_requests_refused_total', 'reason="overloaded"')).toBe(count('overloaded'));
  expect(grown('face_requests_refused_total')).toBe(count('overloaded'));
  const sourceErrors = (source: string, code: string): number =>
    grown('face_image_source_errors_total', `source="${source}"`, `code="${code}"`);
  expect(sourceErrors('upload', 'image_undecodable') + sourceErrors('base64', 'image_undecodable')).toBe(
    count('image_undecodable'),
  );
  expect(sourceErrors('base64', 'image_undecodable')).toBe(1);
  expect(sourceErrors('http', 'address_forbidden')).toBe(count('address_forbidden'));

  await until(async () => {
    after = await scrape();
    return ['face_queue_depth', 'face_jobs_in_flight', 'face_bytes_in_flight'].every(
      (name) => after.get(`${name}{}`) === 0,
    );
  });
  expect(after.get('face_workers{state="busy"}')).toBe(0);
});

test('the gauges show pictures that are being analysed', async () => {
  const picture = sample(5);
  let loading = true;
  const load = Array.from({ length: 3 }, async () => {
    while (loading) await (await postBytes(service, DETECT, picture)).arrayBuffer();
  });
  try {
    await until(async () => {
      const samples = await scrape();
      const value = (key: string): number => samples.get(key) ?? NaN;
      return (
        value('face_queue_depth{}') >= 1 &&
        value('face_jobs_in_flight{}') === value('face_queue_depth{}') + 1 &&
        value('face_workers{state="busy"}') === 1 &&
        value('face_workers{state="idle"}') === 0 &&
        value('face_bytes_in_flight{}') > 2 * picture.byteLength
      );
    });
  } finally {
    loading = false;
    await Promise.all(load);
  }
});

test('a worker that crashes is counted', async () => {
  const pool = service.app.get(InferencePool);
  const { threads } = service.app.get(WorkerThreads, { strict: false });
  expect((await scrape()).get('face_worker_restarts_total{}')).toBe(0);
  const doomed = postBytes(service, DETECT, sample(5));
  await until(() => pool.state.running === 1);
  // An uncaught exception between two model runs.
  threads[0].postMessage(null);
  expect((await doomed).status).toBe(500);
  expect((await scrape()).get('face_worker_restarts_total{}')).toBe(1);
  expect((await postBytes(service, DETECT, await blank())).status).toBe(200);
});

test('made-up routes and methods never become labels', async () => {
  for (let index = 0; index < 20; index++) {
    await fetch(`${service.url}/invented-${index}/metrics`, { method: 'DELETE' });
    await fetch(`${service.url}/-/livez?invented-${index}`);
  }
  const keys = [...(await scrape()).keys()];
  expect(keys.join('\n')).not.toContain('invented');
  const routes = new Set(keys.map((key) => /route="([^"]*)"/.exec(key)?.[1]).filter((route) => route));
  expect(routes.size).toBeLessThan(10);
});

const TYPE_JSON = { 'content-type': 'application/json' };
