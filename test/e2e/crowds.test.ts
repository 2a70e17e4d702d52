/** Pictures of hundreds of people: every face is returned, and the long answer does not block other requests. */
import sharp from 'sharp';
import type { BatchDetectResponseDto } from '../../src/faces/batch-detect.dto.js';
import { crop, sample } from '../fixtures/pictures.js';
import {
  BATCH,
  DETECT,
  facesOf,
  json,
  postBytes,
  postJson,
  type Service,
  startService,
} from '../support/service.js';

const COLUMNS = 20;
const ROWS = 20;
const TILE = 72;
let service: Service;
let crowd: Buffer;

beforeAll(async () => {
  service = await startService();
  const [face] = await facesOf(service, sample(2), '?fields=');
  const tile = await sharp(await crop(sample(2), face.bounding_box, 0.15))
    .resize(TILE, TILE, { fit: 'cover' })
    .toBuffer();
  crowd = await sharp({
    create: { width: COLUMNS * TILE, height: ROWS * TILE, channels: 3, background: '#888' },
  })
    .composite([{ input: tile, tile: true }])
    .jpeg({ quality: 92 })
    .toBuffer();
});
afterAll(() => service.app.close());

test('hundreds of faces are returned, in pieces that let other requests through', async () => {
  const response = await postBytes(service, `${DETECT}?fields=feature`, crowd);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(response.headers.get('server-timing')).toContain('detect;dur=');
  const text = await response.text();
  const { faces } = JSON.parse(text) as { faces: { feature: number[] }[] };
  // Some of 400 are lost where tiles meet; the old limit was 300.
  expect(faces.length).toBeGreaterThan(330);
  expect(faces.every(({ feature }) => feature.length === 512)).toBe(true);
  expect(text).toBe(JSON.stringify({ faces }));
  expect(response.headers.get('transfer-encoding')).toBe('chunked');
});

test('also in a batch, next to items that fail', async () => {
  const image_base64 = crowd.toString('base64');
  const requests = [
    { image_base64, fields: [] },
    { image_base64: 'none' },
    { image_base64, fields: [], max_faces: 30 },
  ];
  const { responses } = await json<BatchDetectResponseDto>(await postJson(service, BATCH, { requests }));
  const counts = responses.map((item) => ('faces' in item ? item.faces.length : item.error.code));
  expect(counts).toEqual([expect.any(Number), 'image_undecodable', 30]);
  expect(counts[0]).toBeGreaterThan(330);
});
