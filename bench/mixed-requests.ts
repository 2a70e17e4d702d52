/** Requests of all kinds, as a service meets them over a long time: valid ones, invalid ones, and callers that disconnect. */
import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { detect, type Payload, payload } from './payload.js';
import type { Picture } from './pictures.js';

/** A request, and how often it is sent. */
export interface MixedRequest {
  readonly payload: Payload;
  readonly weight: number;
  /** The caller disconnects after this many milliseconds. */
  readonly abortMs?: number;
}

/** The mix of requests. The next one is drawn by weight. */
export async function mixedRequests(pictures: readonly Picture[]): Promise<MixedRequest[]> {
  const [small, ...others] = pictures;
  const converted = [
    ['image/png', await sharp(small.jpeg).png().toBuffer()],
    ['image/webp', await sharp(small.jpeg).webp().toBuffer()],
    ['image/tiff', await sharp(small.jpeg).tiff().toBuffer()],
  ] as const;
  const noFace = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#87a' } })
    .jpeg()
    .toBuffer();
  const sizes = await Promise.all(
    [160, 320, 1280].map((width) => sharp(small.jpeg).resize(width).jpeg().toBuffer()),
  );
  const json = (body: object): Payload => detect('application/json', Buffer.from(JSON.stringify(body)));
  return [
    { payload: payload(small, 'raw'), weight: 20 },
    { payload: payload(small, 'base64'), weight: 10 },
    ...others.map((picture) => ({
      payload: payload(picture, 'raw'),
      weight: picture.width > 2000 ? 2 : 10,
    })),
    ...sizes.map((jpeg) => ({ payload: payload({ jpeg }, 'raw'), weight: 10 })),
    ...converted.map(([type, body]) => ({ payload: detect(type, body), weight: 6 })),
    { payload: detect('image/jpeg', noFace), weight: 10 },
    { payload: detect('image/jpeg', randomBytes(20_000)), weight: 4 },
    { payload: detect('image/jpeg', small.jpeg.subarray(0, 10_000)), weight: 4 },
    { payload: json({}), weight: 4 },
    { payload: json({ image_base64: 'no picture' }), weight: 4 },
    { payload: detect('text/plain', Buffer.from('hello')), weight: 2 },
    ...[1, 5, 20, 60].map((abortMs) => ({ payload: payload(small, 'raw'), weight: 3, abortMs })),
  ];
}

/** Draws a request by weight. @param share a random number, 0…1 */
export function draw(requests: readonly MixedRequest[], share: number): MixedRequest {
  let left = share * requests.reduce((total, { weight }) => total + weight, 0);
  return requests.find(({ weight }) => (left -= weight) < 0) ?? requests[requests.length - 1];
}
