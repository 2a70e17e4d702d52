/** A picture of any source → pixels, with the time each half took. */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { type Image } from '../vision/image.js';
import { ImageDecoder } from './image-decoder.js';
import { imageTooLarge, requestAborted } from './image-errors.js';
import { type ImageSource } from './image-source.js';
import { decodeBase64 } from './sources/base64.source.js';
import { HttpSource } from './sources/http.source.js';
import { S3Source } from './sources/s3.source.js';

/** A decoded picture and how long it took to get there, in milliseconds. */
export interface LoadedImage {
  readonly image: Image;
  /** Fetching the bytes, or decoding their base64. */
  readonly loadMs: number;
  /** Bytes to pixels. */
  readonly decodeMs: number;
}

@Injectable()
export class ImageLoader {
  constructor(
    private readonly config: Config,
    private readonly http: HttpSource,
    private readonly s3: S3Source,
    private readonly decoder: ImageDecoder,
  ) {}

  /**
   * Fetches and decodes one picture: upright, 8-bit RGB, in an ArrayBuffer of its own that can be transferred.
   * @param signal ends the wait, and any download, when the request is over
   * @throws AppError `image_undecodable`, `image_unsupported`, `image_too_large`, `image_too_many_pixels`,
   *   `download_failed`, `address_forbidden`, `object_not_found`, `deadline_exceeded`
   */
  async load(source: ImageSource, signal: AbortSignal): Promise<LoadedImage> {
    if (signal.aborted) throw requestAborted(source.field, signal);
    const started = performance.now();
    const bytes = await this.read(source, signal);
    const loaded = performance.now();
    const image = await this.decoder.decode(bytes, source.field, signal);
    return { image, loadMs: loaded - started, decodeMs: performance.now() - loaded };
  }

  private async read(source: ImageSource, signal: AbortSignal): Promise<Uint8Array> {
    const { field } = source;
    switch (source.kind) {
      case 'base64':
        return decodeBase64(source.text, field, this.config.imageMaxBytes);
      case 'url':
        return /^\s*s3:/i.test(source.url)
          ? this.s3.load(source.url, field, signal)
          : this.http.load(source.url, field, signal);
      case 'bytes':
        if (source.bytes.byteLength > this.config.imageMaxBytes)
          throw imageTooLarge(field, this.config.imageMaxBytes);
        return source.bytes;
    }
  }
}
