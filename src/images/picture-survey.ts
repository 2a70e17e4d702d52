/**
 * Surveys a file before any decoder sees it: how large the picture is, what decoding it may cost, and whether that cost is
 * bounded. A decoder cannot spend more on a bounded picture than its header says.
 */
import { AppError } from '../errors.js';
import { isPlainExif } from './exif-block.js';
import { gifFrame } from './gif-frame.js';
import { heifPixels } from './heif-items.js';
import { hasSrgbProfile } from './icc-profile.js';
import { assertSize, SUPPORTED_FORMATS, tooManyParts } from './image-errors.js';
import { type FileFormat, sniffFormat } from './image-format.js';
import { type JpegFrame, jpegFrame } from './jpeg-frame.js';
import { pngParts, SMALL_PROFILE_BYTES } from './png-chunks.js';
import { type Encoded, RGB, type Size } from './sharp-decoder.js';
import { tiffStandIn } from './tiff-directories.js';
import { webpParts } from './webp-chunks.js';

export interface Survey {
  readonly encoded: Encoded;
  /** Whether the header bounds the cost of decoding. */
  readonly isBounded: boolean;
  /** Size as stored; undefined if only a decoder can tell. */
  readonly size?: Size;
  /** Bytes that a decoder keeps besides the decoded picture while it works; undefined if only a decoder can tell. */
  readonly keptBytes?: number;
  /** Whether a decoder can produce a smaller picture with less work. */
  readonly shrinksOnLoad: boolean;
  /** Number of pixels that are decoded, if it can exceed that of the picture. */
  readonly hiddenPixels?: number;
}

/** Maximum number of scans of a JPEG: encoders write about ten. Each covers the whole picture, however little data it has. */
const MAX_SCANS = 100;
/** This many pixels, summed over all scans, take a few tenths of a second at most, in addition to the time for the bytes. */
const MAX_SCANNED_PIXELS = 1_000_000_000;
/** The transparency of an AVIF is a picture of its own. */
const PICTURES_OF_AN_AVIF = 2;

/**
 * Surveys a file. Its length bounds the time this takes.
 * @throws AppError `image_undecodable`, `image_unsupported`, `image_too_many_pixels`
 */
export function survey(bytes: Uint8Array, field: string, maxPixels: number): Survey {
  const encoded = { bytes, field, maxPixels };
  const frame = jpegFrame(bytes);
  if (frame !== undefined) return surveyJpeg(encoded, frame);
  switch (decodableFormat(bytes, field).name) {
    case 'a PNG':
      return surveyPng(encoded);
    case 'a WebP':
      return surveyWebp(encoded);
    case 'a GIF':
      return surveyGif(encoded);
    case 'a TIFF':
    case 'a BigTIFF':
      return surveyTiff(encoded);
    case 'an AVIF':
      return surveyAvif(encoded);
    default:
      return unbounded(encoded);
  }
}

function unbounded(encoded: Encoded): Survey {
  return { encoded, isBounded: false, shrinksOnLoad: false };
}

function surveyJpeg(encoded: Encoded, frame: JpegFrame): Survey {
  const { bytes, field, maxPixels } = encoded;
  assertSize(field, frame, maxPixels);
  const pixels = frame.width * frame.height;
  if (frame.scans > MAX_SCANS) {
    throw new AppError(
      'image_undecodable',
      `The JPEG in ${field} has ${frame.scans} scans; this service decodes up to ${MAX_SCANS}: save it again as a plain JPEG.`,
      { field, scans: frame.scans, max_scans: MAX_SCANS },
    );
  }
  return {
    encoded: {
      ...encoded,
      // libjpeg reports a missing end marker as a cut-off picture, so it is added. One whose data breaks off is still refused.
      bytes: frame.lacksEnd ? Buffer.concat([bytes, END_OF_IMAGE]) : bytes,
      isStrict: frame.lacksEnd,
      ignoresProfile: hasSrgbProfile(bytes),
    },
    isBounded:
      frame.scans * pixels <= MAX_SCANNED_PIXELS &&
      frame.profileBytes <= SMALL_PROFILE_BYTES &&
      frame.exif.every(isPlainExif),
    size: frame,
    // Four colours are kept until they are converted to three.
    keptBytes: frame.coefficientBytes + (frame.components > RGB ? pixels * frame.components : 0),
    shrinksOnLoad: true,
  };
}

const END_OF_IMAGE = Buffer.of(0xff, 0xd9);

function surveyPng(encoded: Encoded): Survey {
  const png = pngParts(encoded.bytes);
  if (png === undefined) return unbounded(encoded);
  assertSize(encoded.field, png, encoded.maxPixels);
  const whole = png.width * png.height * png.channels * Math.ceil(png.bitDepth / 8);
  return {
    encoded: { ...encoded, bytes: png.bytes },
    isBounded: png.bitDepth <= 8 && !png.interlaced && !png.hasLargeProfile && png.exif.every(isPlainExif),
    size: png,
    // A picture that its EXIF block turns is also kept as stored.
    keptBytes: png.interlaced ? 2 * whole : whole,
    shrinksOnLoad: false,
  };
}

function surveyWebp(encoded: Encoded): Survey {
  const webp = webpParts(encoded.bytes);
  if (webp === undefined) return unbounded(encoded);
  assertSize(encoded.field, webp, encoded.maxPixels);
  return {
    encoded: { ...encoded, bytes: webp.bytes },
    isBounded: webp.isPlain && webp.profileBytes <= SMALL_PROFILE_BYTES && webp.exif.every(isPlainExif),
    size: webp,
    keptBytes: webp.width * webp.height * (webp.isPlain ? 8 : 12),
    shrinksOnLoad: webp.isPlain,
  };
}

function surveyGif(encoded: Encoded): Survey {
  const gif = gifFrame(encoded.bytes);
  if (gif === undefined) return unbounded(encoded);
  assertSize(encoded.field, gif, encoded.maxPixels);
  return {
    encoded: { ...encoded, bytes: gif.bytes },
    isBounded: false,
    size: gif,
    keptBytes: gif.width * gif.height * 8,
    shrinksOnLoad: false,
  };
}

function surveyTiff(encoded: Encoded): Survey {
  const standIn = tiffStandIn(encoded.bytes);
  if (standIn !== undefined) {
    throw new AppError(
      'image_unsupported',
      `The file in ${encoded.field} is ${standIn}, not the picture itself: export the picture as ${SUPPORTED_FORMATS}.`,
      { field: encoded.field },
    );
  }
  return unbounded(encoded);
}

function surveyAvif(encoded: Encoded): Survey {
  const pixels = heifPixels(encoded.bytes);
  if (pixels !== undefined && pixels > PICTURES_OF_AN_AVIF * encoded.maxPixels)
    throw tooManyParts(encoded.field, encoded.maxPixels);
  return { ...unbounded(encoded), hiddenPixels: pixels };
}

/** Refuses every format but the supported ones, by content. */
function decodableFormat(bytes: Uint8Array, field: string): FileFormat {
  if (bytes.byteLength === 0) {
    throw new AppError(
      'image_undecodable',
      `The picture in ${field} is empty: send a ${SUPPORTED_FORMATS}.`,
      { field },
    );
  }
  const format = sniffFormat(bytes);
  if (format?.support === 'decodable') return format;
  if (format?.support === 'unsupported') {
    throw new AppError(
      'image_unsupported',
      `The file in ${field} is ${format.name}, which this service does not read: convert it to ${SUPPORTED_FORMATS}.`,
      { field },
    );
  }
  const found =
    format === undefined ? 'not a picture this service recognises' : `${format.name}, not a picture`;
  throw new AppError(
    'image_undecodable',
    `The content of ${field} is ${found}: send a ${SUPPORTED_FORMATS}.`,
    { field },
  );
}
