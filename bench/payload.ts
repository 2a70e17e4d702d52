/** Pictures as request bodies, in the encodings that callers use. */
import type { Picture } from './pictures.js';

/** Ways to send a picture. */
export const ENCODINGS = ['raw', 'base64'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** A request. */
export interface Payload {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** A detect request for all outputs. */
export function payload({ jpeg }: Pick<Picture, 'jpeg'>, encoding: Encoding): Payload {
  return encoding === 'raw'
    ? detect('image/jpeg', jpeg)
    : detect('application/json', Buffer.from(JSON.stringify({ image_base64: jpeg.toString('base64') })));
}

/** A detect request with any body. */
export function detect(type: string, body: Buffer): Payload {
  return {
    path: '/v1/models/insightface:detect',
    headers: { 'content-type': type, 'content-length': body.length },
    body,
  };
}
