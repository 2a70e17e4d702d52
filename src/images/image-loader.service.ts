/** A picture from any source → pixels. */
import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError, type ErrorCode } from '../errors.js';
import type { PictureOrigin, StageName } from '../telemetry/request-record.js';
import { codeOf, currentPicture, currentShare } from '../telemetry/scope.js';
import { type Image } from '../vision/image.js';
import { type DecodePlan, ImageDecoder, untilAborted } from './image-decoder.js';
import { imageTooLarge, requestAborted } from './image-errors.js';
import { hostOf, type ImageSource, originOf } from './image-source.js';
import { decodeBase64 } from './sources/base64.source.js';
import { causesOf } from './sources/causes.js';
import { DownloadSlots } from './sources/download-slots.js';
import { HttpSource } from './sources/http.source.js';
import { S3Source } from './sources/s3.source.js';
import type { ByteCount } from './sources/transfer.js';

/** The memory that a picture is decoded in. */
export interface Memory {
  /** Waits until that many bytes are free. Called before a picture is decoded, and again before it is decoded in full. */
  acquire(bytes: number): Promise<void>;
  /** Holds the memory until this work ends, even if the caller has left: a decoder cannot be stopped. */
  holdFor(work: Promise<unknown>): void;
}

/** Which pixels are needed, and what they may cost. */
export interface LoadOptions {
  /** Minimum length in pixels of the longer side to which a large picture may be shrunk while it is decoded. Default: never shrink. */
  readonly minSide?: number;
  /** Default: memory is not limited. */
  readonly memory?: Memory;
  /** Counts the bytes of a download before they are kept. Default: they are not counted. */
  readonly bytes?: ByteCount;
}

/** A decoded picture. */
export interface LoadedImage {
  readonly image: Image;
  /** Size of the whole picture, upright, in pixels; larger than the image if that was shrunk. */
  readonly width: number;
  readonly height: number;
  /** Decodes the picture at its full size; undefined if it was not shrunk. */
  readonly inFull?: () => Promise<LoadedImage>;
  /** Releases the memory of the pixels. Call it once, when no thread uses them any more. */
  readonly release: () => void;
}

@Injectable()
export class ImageLoader {
  private readonly logger = new Logger('Images');

  constructor(
    private readonly config: Config,
    private readonly http: HttpSource,
    private readonly s3: S3Source,
    private readonly slots: DownloadSlots,
    private readonly decoder: ImageDecoder,
  ) {}

  /**
   * Fetches and decodes one picture: upright, 8-bit RGB, in shared memory.
   * @param signal ends the wait, and any download, when the request ends
   * @throws AppError `image_undecodable`, `image_unsupported`, `image_too_large`, `image_too_many_pixels`,
   *   `download_failed`, `address_forbidden`, `object_not_found`, `deadline_exceeded`, `overloaded`
   */
  async load(source: ImageSource, signal: AbortSignal, options: LoadOptions = {}): Promise<LoadedImage> {
    if (signal.aborted) throw requestAborted(source.field, signal);
    const bytes = await noted('load', () => this.read(source, signal, options.bytes));
    return this.decode(bytes, source.field, signal, options);
  }

  private async decode(
    bytes: Uint8Array,
    field: string,
    signal: AbortSignal,
    { minSide, memory }: LoadOptions,
  ): Promise<LoadedImage> {
    // Recorded only if it fails: the stage is the decoding itself, without the wait for memory.
    const planning = (): Promise<DecodePlan> =>
      untilAborted(this.decoder.plan(bytes, field, minSide, signal), field, signal);
    const plan = await noted('decode', planning, { endsStage: false });
    // Take the turn first: pictures that wait for a decoder process must not hold memory that others could use.
    const turn = await this.decoder.turn(plan, signal);
    try {
      await memory?.acquire(plan.memoryBytes);
    } catch (error) {
      turn?.end();
      throw error;
    }
    const image = await noted('decode', () => {
      const decoding = this.decoder.start(plan, turn, signal);
      memory?.holdFor(decoding);
      // If the caller left during the decoding, nothing else releases the picture.
      decoding.then((late) => signal.aborted && this.decoder.release(late)).catch(() => undefined);
      return untilAborted(decoding, field, signal);
    });
    const { width, height } = plan.shrink?.from ?? image;
    const inFull = async (): Promise<LoadedImage> => {
      // Return the memory before waiting for a turn: whoever has the turn may be waiting for that memory.
      await memory?.acquire(0);
      return this.decode(bytes, field, signal, { memory });
    };
    return {
      image,
      width,
      height,
      inFull: plan.shrink === undefined ? undefined : inFull,
      release: () => this.decoder.release(image),
    };
  }

  private async read(source: ImageSource, signal: AbortSignal, bytes?: ByteCount): Promise<Uint8Array> {
    const { field } = source;
    switch (source.kind) {
      case 'base64':
        return decodeBase64(source.text, field, this.config.imageMaxBytes);
      case 'url':
        return this.download(source.url, field, originOf(source), signal, bytes);
      case 'bytes':
        if (source.bytes.byteLength > this.config.imageMaxBytes)
          throw imageTooLarge(field, this.config.imageMaxBytes);
        return source.bytes;
    }
  }

  /** A failed download is logged with its host and cause, never with the rest of the URL. */
  private async download(
    url: string,
    field: string,
    origin: PictureOrigin,
    signal: AbortSignal,
    bytes?: ByteCount,
  ): Promise<Uint8Array> {
    const leave = this.slots.take(currentShare());
    try {
      return await (origin === 's3' ? this.s3 : this.http).load(url, field, signal, bytes);
    } catch (error) {
      if (error instanceof AppError && !signal.aborted) {
        const host = hostOf(url);
        const store = origin === 's3' ? (hostOf(this.config.s3Endpoint ?? '') ?? 'Amazon S3') : undefined;
        const causes = causesOf(error.cause);
        this.logger.warn(error.message, { code: error.code, origin, host, store, causes });
      }
      throw error;
    } finally {
      leave();
    }
  }
}

/** Runs a stage, or its first part, and records its time and outcome for the current picture. */
async function noted<T>(
  name: StageName,
  work: () => Promise<T>,
  { endsStage } = { endsStage: true },
): Promise<T> {
  const startedAt = performance.now();
  const note = (failure?: ErrorCode): void => {
    currentPicture()?.stages.push({ name, startedAt, endedAt: performance.now(), failure });
  };
  try {
    const result = await work();
    if (endsStage) note();
    return result;
  } catch (error) {
    note(codeOf(error));
    throw error;
  }
}
