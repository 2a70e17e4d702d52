/** Where a picture comes from, before anything is known about its content. */
import type { PictureOrigin } from '../telemetry/request-record.js';

/** The longest name that DNS allows. */
const MAX_HOST = 253;

/** The source of a picture. `field` is the request field that errors name (image_base64, image1_url, image, …). */
export type ImageSource =
  | { readonly kind: 'base64'; readonly field: string; readonly text: string }
  /** http, https or s3. */
  | { readonly kind: 'url'; readonly field: string; readonly url: string }
  /** A multipart or raw upload. */
  | { readonly kind: 'bytes'; readonly field: string; readonly bytes: Uint8Array };

/** How the picture arrives. For a URL, the scheme decides between S3 and the web. */
export function originOf(source: ImageSource): PictureOrigin {
  if (source.kind === 'base64') return 'base64';
  if (source.kind === 'bytes') return 'upload';
  return /^\s*s3:/i.test(source.url) ? 's3' : 'http';
}

/** The host or bucket of a URL: never its path or query, which may hold a signature. */
export function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.slice(0, MAX_HOST) : undefined;
}
