/** Where a picture comes from, before anything is known about it. */
import type { PictureOrigin } from '../telemetry/request-record.js';

/** The longest name DNS allows. */
const MAX_HOST = 253;

/** Where a picture comes from; `field` is the request field named in errors (image_base64, image1_url, image, body …). */
export type ImageSource =
  | { readonly kind: 'base64'; readonly field: string; readonly text: string }
  /** http, https or s3. */
  | { readonly kind: 'url'; readonly field: string; readonly url: string }
  /** A multipart or raw upload. */
  | { readonly kind: 'bytes'; readonly field: string; readonly bytes: Uint8Array };

/** How the picture comes: the scheme of a URL decides between the store and the web. */
export function originOf(source: ImageSource): PictureOrigin {
  if (source.kind === 'base64') return 'base64';
  if (source.kind === 'bytes') return 'upload';
  return /^\s*s3:/i.test(source.url) ? 's3' : 'http';
}

/** The host a URL names, or the bucket: never its path or query, which may hold a signature. */
export function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.slice(0, MAX_HOST) : undefined;
}
