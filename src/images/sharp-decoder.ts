/** Encoded bytes → upright 8-bit RGB, by sharp. The only file that knows it; main process and decoder processes share it. */
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { AppError, messageOf } from '../errors.js';
import { assertSize, undecodable } from './image-errors.js';

/** Sides in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is to be decoded, and how. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** The request field named in errors. */
  readonly field: string;
  readonly maxPixels: number;
  /** Whether colours are taken for sRGB, whatever profile there is. */
  readonly ignoresProfile?: boolean;
  /** Whether any fault refuses it; else one that leaves all pixels readable does not. */
  readonly isStrict?: boolean;
}

/** What a header tells. */
export interface Header {
  /** As a person sees the picture. */
  readonly upright: Size;
  /** Whether a decoder can make a smaller picture with less work. */
  readonly shrinksOnLoad: boolean;
  /** Bytes that are kept beside the decoded picture while it is made. */
  readonly keptBytes: number;
}

/** Pixels in memory of sharp's. */
export interface Pixels extends Size {
  readonly data: Uint8Array<ArrayBuffer>;
}

export const RGB = 3;
// libvips picks a loader by content on its own; only those of the formats we promise may ever run.
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map(
  (name) => `VipsForeignLoad${name}Buffer`,
);
/** What a page shows behind a transparent picture: white. */
const BACKGROUND = '#ffffff';

/** Sets sharp up for this process. */
export function setUpSharp(): void {
  // No picture comes twice, and one thread per picture is the fastest when many come at a time.
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS });
}

/** @throws AppError `image_undecodable`, `image_too_many_pixels` */
export async function readHeader(encoded: Encoded): Promise<Header> {
  try {
    const metadata = await sharp(encoded.bytes, optionsOf(encoded)).metadata();
    assertSize(encoded.field, metadata, encoded.maxPixels);
    return {
      upright: metadata.autoOrient,
      shrinksOnLoad: metadata.format === 'jpeg' || metadata.format === 'webp',
      keptBytes: keptBytesOf(metadata),
    };
  } catch (error) {
    throw await reasonOf(error, encoded);
  }
}

/**
 * The first frame or page: EXIF orientation applied, transparency laid on white, colours converted to sRGB, 8 bits,
 * three channels.
 * @param size to shrink it to; default: as it is
 * @param timeoutSeconds after which libvips gives up, 1 to 3600
 * @throws AppError `image_undecodable`, `image_too_many_pixels`, `deadline_exceeded`
 */
export async function decodePixels(
  encoded: Encoded,
  size: Size | undefined,
  timeoutSeconds: number,
): Promise<Pixels> {
  try {
    const upright = sharp(encoded.bytes, optionsOf(encoded))
      .timeout({ seconds: timeoutSeconds })
      .autoOrient();
    if (size !== undefined) upright.resize({ ...size, fit: 'fill' });
    // Steps a picture does not need cost nothing: libvips leaves them out.
    const { data, info } = await upright
      .flatten({ background: BACKGROUND })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== RGB) throw new Error(`decoded to ${info.channels} channels`);
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw await reasonOf(error, encoded);
  }
}

function optionsOf({ maxPixels, ignoresProfile, isStrict }: Encoded): SharpOptions {
  return {
    // libvips reads the header first and refuses there, so the cap needs no opening of its own.
    limitInputPixels: maxPixels,
    // A picture cut short is refused; one with a harmless fault decodes as it does elsewhere.
    failOn: isStrict === true ? 'warning' : 'error',
    ignoreIcc: ignoresProfile,
  };
}

/** Only a refused picture is opened a second time, to say what is wrong with it. */
async function reasonOf(cause: unknown, { bytes, field, maxPixels }: Encoded): Promise<AppError> {
  if (cause instanceof AppError) return cause;
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
    try {
      assertSize(field, await sharp(bytes, { limitInputPixels: false }).metadata(), maxPixels);
    } catch (error) {
      if (error instanceof AppError) return error;
    }
  }
  return undecodable(field, cause);
}

/** What a decoder keeps of the formats that are left to sharp to look at, as measured by `bench/decoder-memory.ts`. */
function keptBytesOf({ width, height, channels, depth, format }: Metadata): number {
  const sampleBytes = SAMPLE_BYTES[depth] ?? 8;
  // Of an AVIF: the planes, more than once, and the colours made of them; samples of more than 8 bits are unpacked.
  if (format === 'heif') return width * height * (10 + 3 * channels + (sampleBytes > 1 ? 7 : 0));
  // Of a TIFF two rows of tiles, which may be all there are; of a JPEG coefficients of two bytes; and a copy to turn it.
  return width * height * channels * sampleBytes * 3;
}

const SAMPLE_BYTES: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
};
