/** Encoded bytes → upright 8-bit RGB, with sharp. The only file that imports sharp; main process and decoder processes share it. */
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { AppError, messageOf } from '../errors.js';
import { assertSize, undecodable } from './image-errors.js';

/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What to decode, and how. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** The request field named in errors. */
  readonly field: string;
  readonly maxPixels: number;
  /** Whether to treat colours as sRGB, whatever the profile says. */
  readonly ignoresProfile?: boolean;
  /** Whether to refuse it for any fault; otherwise faults that leave all pixels readable are tolerated. */
  readonly isStrict?: boolean;
}

/** What the header of a picture tells. */
export interface Header {
  /** Size with the EXIF orientation applied. */
  readonly upright: Size;
  /** Whether a decoder can produce a smaller picture with less work. */
  readonly shrinksOnLoad: boolean;
  /** Bytes that a decoder keeps besides the decoded picture while it works. */
  readonly keptBytes: number;
}

/** Pixels in memory that sharp allocated. */
export interface Pixels extends Size {
  readonly data: Uint8Array<ArrayBuffer>;
}

export const RGB = 3;
// libvips picks a loader by content; only those of the supported formats may run.
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map(
  (name) => `VipsForeignLoad${name}Buffer`,
);
/** White: what a web page shows behind a transparent picture. */
const BACKGROUND = '#ffffff';

/** Configures sharp for this process. */
export function setUpSharp(): void {
  // Pictures do not repeat, so a cache is useless. One thread per picture is fastest under load.
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
 * Decodes the first frame or page: EXIF orientation applied, transparency on white, colours converted to sRGB, 8 bits, three
 * channels.
 * @param size the size to shrink the picture to; default: its own
 * @param timeoutSeconds time after which libvips gives up, 1 to 3600
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
    // Steps that a picture does not need cost nothing: libvips skips them.
    const { data, info } = await upright
      .flatten({ background: BACKGROUND })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== RGB) throw new Error(`sharp decoded the picture to ${info.channels} channels.`);
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw await reasonOf(error, encoded);
  }
}

function optionsOf({ maxPixels, ignoresProfile, isStrict }: Encoded): SharpOptions {
  return {
    // libvips reads the header first and refuses there, so the limit needs no separate check.
    limitInputPixels: maxPixels,
    // An incomplete picture is refused; one with a harmless fault is decoded, as other software does.
    failOn: isStrict === true ? 'warning' : 'error',
    ignoreIcc: ignoresProfile,
  };
}

/** Says what is wrong with a refused picture. Only for this is a picture opened a second time. */
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

/** What a decoder keeps for formats whose header only sharp reads, as measured by `bench/decoder-memory.ts`. */
function keptBytesOf({ width, height, channels, depth, format }: Metadata): number {
  const sampleBytes = SAMPLE_BYTES[depth] ?? 8;
  // For an AVIF: several copies of the planes, and the colours made from them; samples of more than 8 bits are unpacked.
  if (format === 'heif') return width * height * (10 + 3 * channels + (sampleBytes > 1 ? 7 : 0));
  // For a TIFF: two rows of tiles, which may be all of it. For a JPEG: coefficients of two bytes. In both cases a copy to turn it.
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
