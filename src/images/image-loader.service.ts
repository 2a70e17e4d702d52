/** A picture of any source → pixels, with the time each half took. */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { type Image } from '../vision/image.js';
import { ImageDecoder, untilAborted } from './image-decoder.js';
import { imageTooLarge, requestAborted } from './image-errors.js';
import { type ImageSource } from './image-source.js';
import { decodeBase64 } from './sources/base64.source.js';
import { HttpSource } from './sources/http.source.js';
import { S3Source } from './sources/s3.source.js';

/** The memory a picture is decoded in. */
export interface Memory {
  /** Waits for so many bytes. Called before a picture is decoded, and again before it is decoded in full. */
  take(bytes: number): Promise<void>;
  /** Work that needs them, even after nobody waits for it any more: a decoder cannot be stopped. */
  keepFor(work: Promise<unknown>): void;
}

/** What a caller needs of the pixels, and what they may cost. */
export interface LoadOptions {
  /** A large picture is shrunk while it is decoded, down to this length of its longer side in pixels; default: never. */
  readonly leastSide?: number;
  /** Default: there is always enough. */
  readonly memory?: Memory;
}

/** A decoded picture and how long it took to get there, in milliseconds. */
export interface LoadedImage {
  readonly image: Image;
  /** Size of the whole picture, upright, in pixels; larger than the image's where that was shrunk. */
  readonly width: number;
  readonly height: number;
  /** Decodes the picture in its full size, where it was shrunk. */
  readonly inFull?: () => Promise<LoadedImage>;
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
  async load(source: ImageSource, signal: AbortSignal, options: LoadOptions = {}): Promise<LoadedImage> {
    if (signal.aborted) throw requestAborted(source.field, signal);
    const started = performance.now();
    const bytes = await this.read(source, signal);
    const loadMs = performance.now() - started;
    return this.decode(bytes, source.field, signal, options, loadMs);
  }

  private async decode(
    bytes: Uint8Array,
    field: string,
    signal: AbortSignal,
    { leastSide, memory }: LoadOptions,
    loadMs: number,
  ): Promise<LoadedImage> {
    const started = performance.now();
    const plan = await this.decoder.plan(bytes, field, leastSide);
    const planMs = performance.now() - started;
    await memory?.take(plan.memoryBytes);
    const admitted = performance.now();
    const decoding = this.decoder.start(bytes, field, plan);
    memory?.keepFor(decoding);
    const image = await untilAborted(decoding, field, signal);
    return {
      image,
      width: plan.width,
      height: plan.height,
      inFull: plan.shrink > 1 ? () => this.decode(bytes, field, signal, { memory }, loadMs) : undefined,
      loadMs,
      decodeMs: planMs + performance.now() - admitted,
    };
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
