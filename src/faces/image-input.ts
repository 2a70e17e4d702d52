/** Chooses the source of a picture from the fields of a request. */
import { AppError } from '../errors.js';
import type { ImageSource } from '../images/image-source.js';

/** The three ways in which a request can give a picture. */
export interface ImageInput {
  readonly base64?: string;
  readonly url?: string;
  readonly bytes?: Uint8Array;
}

/**
 * The source that the request gives.
 * @param name of the picture in the request: `image`, `image1` or `image2`
 * @throws AppError `invalid_request` if there is none, or more than one
 */
export function imageSource(name: string, { base64, url, bytes }: ImageInput): ImageSource {
  const sources: ImageSource[] = [];
  if (base64 != null) sources.push({ kind: 'base64', field: `${name}_base64`, text: base64 });
  if (url != null) sources.push({ kind: 'url', field: `${name}_url`, url });
  if (bytes != null) sources.push({ kind: 'bytes', field: name, bytes });
  const [source, ...others] = sources;
  if (source !== undefined && others.length === 0) return source;

  const choices = `one of ${name}_base64, ${name}_url, or an uploaded file "${name}"`;
  const message =
    source === undefined
      ? `Send ${choices}`
      : `Send only ${choices}, not ${sources.map(({ field }) => field).join(' and ')}`;
  throw new AppError('invalid_request', `${message}.`, { errors: [{ field: `${name}_base64`, message }] });
}
