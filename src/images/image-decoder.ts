/** Encoded bytes → upright 8-bit RGB pixels. The only file that knows sharp. */
import { Injectable } from '@nestjs/common';
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { type Image } from '../vision/image.js';
import { hasSrgbProfile } from './icc-profile.js';
import { requestAborted, SUPPORTED_FORMATS } from './image-errors.js';
import { sniffFormat } from './image-format.js';
import { jpegFrame } from './jpeg-frame.js';
import { PixelBuffers } from './pixel-buffers.js';

// libvips picks a loader by content on its own; only those of the formats we promise may ever run.
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map(
  (name) => `VipsForeignLoad${name}Buffer`,
);
/** What a page shows behind a transparent picture: white. */
const BACKGROUND = '#ffffff';
const RGB = 3;

/**
 * By how much a picture may be shrunk while it is decoded. Whole factors keep it sharp and are the cheapest; from 4 on
 * libjpeg and libwebp leave work out, below that a smaller picture takes as long as the whole one.
 */
const SHRINK_FACTORS = [8, 4];

/** Sides in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a picture will be decoded, as far as its header tells. */
export interface DecodePlan {
  /** Where the picture is shrunk: its size before and after, upright. */
  readonly shrink?: { readonly from: Size; readonly to: Size };
  /** Memory it takes until its pixels are let go, in bytes: the pixels, and what the format makes a decoder keep. */
  readonly memoryBytes: number;
}

/** Decodes pictures on sharp's own threads; the calling thread only waits. */
@Injectable()
export class ImageDecoder {
  private readonly buffers = new PixelBuffers();

  constructor(private readonly config: Config) {
    // No picture comes twice, and one thread per picture is the fastest when many come at a time.
    sharp.cache(false);
    sharp.concurrency(1);
    sharp.block({ operation: ['VipsForeignLoad'] });
    sharp.unblock({ operation: LOADERS });
  }

  /**
   * Reads the header.
   * @param leastSide the longer side, in pixels, that is left at least of a picture that is shrunk
   * @throws AppError `image_undecodable`, `image_unsupported`, `image_too_many_pixels`
   */
  async plan(bytes: Uint8Array, field: string, leastSide = Infinity): Promise<DecodePlan> {
    return this.planPlainly(bytes, leastSide) ?? this.planByDecoder(bytes, field, leastSide);
  }

  /** Of most pictures that are not shrunk no decoder needs to be asked: its answer takes a sixth of their decoding. */
  private planPlainly(bytes: Uint8Array, leastSide: number): DecodePlan | undefined {
    const frame = jpegFrame(bytes);
    if (frame === undefined || shrinkFactor(frame, leastSide) > 1) return undefined;
    const pixels = frame.width * frame.height;
    if (pixels > this.config.imageMaxPixels) return undefined;
    return { memoryBytes: pixels * RGB * (frame.severalScans ? 2 : 1) };
  }

  private async planByDecoder(bytes: Uint8Array, field: string, leastSide: number): Promise<DecodePlan> {
    refuseOtherFiles(bytes, field);
    try {
      const metadata = await sharp(bytes, { limitInputPixels: this.config.imageMaxPixels }).metadata();
      const { width, height } = metadata.autoOrient;
      const factor = shrinksOnLoad(metadata) ? shrinkFactor({ width, height }, leastSide) : 1;
      const to = { width: shrunk(width, factor), height: shrunk(height, factor) };
      const kept = isStreamed(metadata) ? 0 : width * height * RGB;
      return {
        shrink: factor > 1 ? { from: { width, height }, to } : undefined,
        memoryBytes: to.width * to.height * RGB + kept,
      };
    } catch (error) {
      throw await this.reasonOf(error, bytes, field);
    }
  }

  /**
   * Decodes the first frame or page: EXIF orientation applied, transparency laid on white, colours converted to
   * sRGB, 8 bits, three channels. The pixels are in shared memory, which a worker sees without a copy.
   * @param field the request field named in errors
   * @param signal gives up waiting when it aborts
   * @throws AppError `image_undecodable`, `image_unsupported`, `image_too_many_pixels`, `deadline_exceeded`
   */
  async decode(bytes: Uint8Array, field: string, signal: AbortSignal): Promise<Image> {
    if (signal.aborted) throw requestAborted(field, signal);
    return untilAborted(this.start(bytes, field, await this.plan(bytes, field)), field, signal);
  }

  /** The same as planned. Settles only when the decoder has let go of its memory, whoever still waits. */
  async start(bytes: Uint8Array, field: string, plan: DecodePlan): Promise<Image> {
    const options: SharpOptions = {
      // libvips reads the header first and refuses there, so the cap needs no opening of its own.
      limitInputPixels: this.config.imageMaxPixels,
      // A picture cut short is refused; one with a harmless fault decodes as it does elsewhere.
      failOn: 'error',
      ignoreIcc: hasSrgbProfile(bytes),
    };
    try {
      const upright = sharp(bytes, options)
        .timeout({ seconds: Math.min(3600, Math.ceil(this.config.requestTimeoutMs / 1000)) })
        .autoOrient();
      if (plan.shrink !== undefined) upright.resize({ ...plan.shrink.to, fit: 'fill' });
      // Steps a picture does not need cost nothing: libvips leaves them out.
      const { data, info } = await upright
        .flatten({ background: BACKGROUND })
        .toColourspace('srgb')
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      if (info.channels !== RGB) throw new Error(`decoded to ${info.channels} channels`);
      return { width: info.width, height: info.height, data: this.buffers.copy(data) };
    } catch (error) {
      throw await this.reasonOf(error, bytes, field);
    }
  }

  /** Lets another picture have the memory of one that nobody looks at any more. */
  release({ data }: Image): void {
    this.buffers.giveBack(data);
  }

  /** Only a refused picture is opened a second time, to say what is wrong with it. */
  private async reasonOf(cause: unknown, bytes: Uint8Array, field: string): Promise<AppError> {
    const message = messageOf(cause);
    if (message.includes('timeout:')) {
      return new AppError(
        'deadline_exceeded',
        `Decoding the picture in ${field} took too long: send a smaller one.`,
        { field },
        { cause },
      );
    }
    if (message.includes('pixel limit')) {
      const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
      const maxPixels = this.config.imageMaxPixels;
      return new AppError(
        'image_too_many_pixels',
        `The picture in ${field} has ${width} × ${height} pixels; this service accepts up to ${maxPixels} in total: send a smaller one.`,
        { field, width, height, maxPixels },
        { cause },
      );
    }
    return new AppError(
      'image_undecodable',
      `The picture in ${field} cannot be decoded; it is damaged or was cut short: send a complete ${SUPPORTED_FORMATS}.`,
      { field },
      { cause },
    );
  }
}

/** By what a picture may be shrunk; 1 where it is too small for that. */
function shrinkFactor({ width, height }: Size, leastSide: number): number {
  return SHRINK_FACTORS.find((factor) => Math.max(width, height) / factor >= leastSide) ?? 1;
}

function shrunk(side: number, factor: number): number {
  return Math.max(1, Math.round(side / factor));
}

/** Whether a decoder of the format can make a smaller picture with less work. */
function shrinksOnLoad({ format }: Metadata): boolean {
  return format === 'jpeg' || format === 'webp';
}

/** Whether the picture is decoded line by line; otherwise the decoder keeps all of it, at its full size. */
function isStreamed({ format, isProgressive }: Metadata): boolean {
  return (format === 'jpeg' || format === 'png' || format === 'tiff') && isProgressive !== true;
}

/** Refuses everything but the formats we promise, by content. */
function refuseOtherFiles(bytes: Uint8Array, field: string): void {
  if (bytes.byteLength === 0) {
    throw new AppError(
      'image_undecodable',
      `The picture in ${field} is empty: send a ${SUPPORTED_FORMATS}.`,
      { field },
    );
  }
  const format = sniffFormat(bytes);
  if (format?.support === 'decodable') return;
  if (format?.support === 'unsupported') {
    throw new AppError(
      'image_unsupported',
      `The file in ${field} is ${format.name}, which this service does not read: convert it to ${SUPPORTED_FORMATS}.`,
      { field },
    );
  }
  const found = format === undefined ? 'no picture this service recognises' : `${format.name}, not a picture`;
  throw new AppError(
    'image_undecodable',
    `The content of ${field} is ${found}: send a ${SUPPORTED_FORMATS}.`,
    { field },
  );
}

/** Stops waiting when the request ends; libvips itself cannot be stopped, only timed out. */
export function untilAborted<T>(work: Promise<T>, field: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(requestAborted(field, signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
