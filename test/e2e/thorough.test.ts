/** A thorough search: small faces in large pictures, hundreds of them, and what it may not do. */
import sharp, { type OverlayOptions } from 'sharp';
import type { DetectResponseDto } from '../../src/faces/detect.dto.js';
import { InferencePool } from '../../src/inference/inference-pool.service.js';
import { crop, sample } from '../fixtures/pictures.js';
import {
  BATCH,
  COMPARE,
  DETECT,
  facesOf,
  iou,
  json,
  postBytes,
  postForm,
  postJson,
  problemOf,
  type Service,
  startService,
} from '../support/service.js';
import { until } from '../support/until.js';

const WIDTH = 3600;
const HEIGHT = 2400;
/** Height of the faces in a large picture, in pixels. */
const SMALL = 28;

let service: Service;
/** The faces of sample 4, cut out and shrunk. */
let people: { readonly input: Buffer; readonly width: number; readonly height: number }[];
/** Four small faces in a large picture, and about where they are. */
let scene: Buffer;
let places: [number, number, number, number][];

beforeAll(async () => {
  service = await startService();
  const photo = sample(4);
  people = await Promise.all(
    (await facesOf(service, photo, '?fields=')).map(async ({ bounding_box: box }) => {
      const part = await crop(photo, box, 0.5);
      const { info, data } = await sharp(part)
        .resize({ height: 2 * SMALL })
        .png()
        .toBuffer({ resolveWithObject: true });
      return { input: data, width: info.width, height: info.height };
    }),
  );
  // In the corners, in the middle of a tile and where tiles meet.
  const corners = [
    [3, 3],
    [WIDTH - 70, HEIGHT - 70],
    [440, 900],
    [1190, 460],
  ];
  places = people.map(({ width, height }, index) => {
    const [x, y] = corners[index];
    return [x + width / 4, y + height / 4, x + (3 * width) / 4, y + (3 * height) / 4];
  });
  scene = await compose(
    people.map(({ input }, index) => ({ input, left: corners[index][0], top: corners[index][1] })),
  );
});
afterAll(() => service.app.close());

function compose(layers: readonly OverlayOptions[], width = WIDTH, height = HEIGHT): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#8a8f80' } })
    .composite([...layers])
    .jpeg({ quality: 92 })
    .toBuffer();
}

test('finds each of four faces of 28 pixels in nine megapixels once; the standard search loses most of them', async () => {
  expect(people).toHaveLength(4);
  expect((await facesOf(service, scene, '?fields=')).length).toBeLessThan(2);
  const found = await facesOf(service, scene, '?fields=&search=thorough');
  expect(found).toHaveLength(4);
  for (const place of places) {
    expect(found.filter(({ bounding_box: box }) => iou(box, place) > 0.3)).toHaveLength(1);
  }
});

test('describes them as in a picture that shows them alone', async () => {
  const found = await facesOf(service, scene, '?search=thorough&fields=feature');
  const [x1, y1] = [places[0][0] - people[0].width / 4, places[0][1] - people[0].height / 4];
  const alone = await facesOf(
    service,
    await sharp(scene).extract({ left: 0, top: 0, width: 200, height: 200 }).png().toBuffer(),
  );
  const same = found.find(({ bounding_box: [x, y] }) => Math.hypot(x - x1, y - y1) < 60);
  const cosine = same?.feature.reduce((sum, value, index) => sum + value * alone[0].feature[index], 0);
  expect(cosine).toBeGreaterThan(0.9);
});

test('works the same in JSON, form and batch', async () => {
  const answer = { faces: await facesOf(service, scene, '?fields=&search=thorough') };
  const body = { image_base64: scene.toString('base64'), fields: [], search: 'thorough' };
  expect(await json(await postJson(service, DETECT, body))).toEqual(answer);
  const form = { image: scene, fields: '', search: 'thorough' };
  expect(await json(await postForm(service, DETECT, form))).toEqual(answer);
  const { responses } = await json<{ responses: DetectResponseDto[] }>(
    await postJson(service, BATCH, { requests: [body, { ...body, search: 'standard' }] }),
  );
  expect(responses).toEqual([answer, { faces: await facesOf(service, scene, '?fields=') }]);
});

test('compare searches as it is asked to', async () => {
  const form = { image1: scene, image2: sample(3), search: 'thorough' };
  const [largest] = await facesOf(service, scene, '?fields=&search=thorough');
  expect(await json(await postForm(service, COMPARE, form))).toMatchObject({ image1: largest });
  const problem = await problemOf(await postForm(service, COMPARE, { ...form, search: 'deep' }));
  expect(problem).toMatchObject({ status: 422, errors: [{ field: 'search' }] });
});

test('answers more than 300 faces', async () => {
  const columns = 20;
  const crowd = Array.from({ length: 320 }, (_, index) => ({
    input: people[index % people.length].input,
    left: (index % columns) * 70,
    top: Math.floor(index / columns) * 70,
  }));
  const found = await facesOf(service, await compose(crowd, 1400, 1120), '?fields=&search=thorough');
  expect(found.length).toBeGreaterThan(300);
  expect(found.length).toBeLessThanOrEqual(320);
});

test('ends with its deadline, and its worker is free again', async () => {
  const hasty = await startService({ requestTimeoutMs: 150 });
  try {
    // No machine decodes and searches 40 megapixels in that time.
    const answer = await postBytes(hasty, `${DETECT}?search=thorough`, await compose([], 7700, 5100));
    expect(await problemOf(answer)).toMatchObject({ status: 504, code: 'deadline_exceeded' });
    const pool = hasty.app.get(InferencePool, { strict: false });
    await until(() => pool.state.busy === 0);
    const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
    const options = { landmarks: false, embedding: false, attributes: [] };
    expect((await pool.analyze(image, options, AbortSignal.timeout(50_000))).faces).toEqual([]);
  } finally {
    await hasty.app.close();
  }
});
