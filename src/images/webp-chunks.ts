/** The parts of a WebP: its size, how it is coded, and the file with a corrected length. Layout: RFC 9649. */
import { asBuffer } from './file-bytes.js';

export interface WebpParts {
  /** Size as stored, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Whether it is a single lossy picture without transparency: then its size alone bounds the cost of decoding. */
  readonly isPlain: boolean;
  readonly isAnimated: boolean;
  /** Bytes of its colour profile. */
  readonly profileBytes: number;
  /** EXIF blocks, each starting at its byte order. */
  readonly exif: readonly Uint8Array[];
  /** The file, with the length that its chunks really have. */
  readonly bytes: Uint8Array;
}

interface Chunk {
  readonly type: string;
  readonly at: number;
  readonly length: number;
}

const FILE_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const MAX_CHUNKS = 10_000;
const EXIF_MARK = 'Exif\0\0';
const ANIMATION_FLAG = 2;
/** Mask of the bits that hold a dimension in a frame header. */
const SIDE_BITS = 0x3fff;

/** The parts of a WebP; undefined if the file is not a WebP, or was cut short. */
export function webpParts(bytes: Uint8Array): WebpParts | undefined {
  const file = asBuffer(bytes);
  if (!file.subarray(0, 4).equals(RIFF)) return undefined;
  const announced = CHUNK_HEADER_BYTES + file.readUInt32LE(4);
  const chunks: Chunk[] = [];
  let at = FILE_HEADER_BYTES;
  while (at + CHUNK_HEADER_BYTES <= Math.min(file.length, announced)) {
    const length = file.readUInt32LE(at + 4);
    if (at + CHUNK_HEADER_BYTES + length > file.length || chunks.length === MAX_CHUNKS) return undefined;
    chunks.push({ type: file.toString('latin1', at, at + 4), at: at + CHUNK_HEADER_BYTES, length });
    at += CHUNK_HEADER_BYTES + length + (length % 2);
  }
  const [first] = chunks;
  const frame = chunks.find(({ type }) => type === 'VP8 ' || type === 'VP8L' || type === 'ANMF');
  if (first === undefined || frame === undefined) return undefined;
  const size = sizeOf(file, first);
  const frameSize = frame.type === 'ANMF' ? size : sizeOf(file, frame);
  if (size === undefined || frameSize === undefined) return undefined;
  const isAnimated = first.type === 'VP8X' && (file[first.at] & ANIMATION_FLAG) !== 0;
  const agrees = size.width === frameSize.width && size.height === frameSize.height;
  return {
    ...size,
    isAnimated,
    isPlain: frame.type === 'VP8 ' && agrees && !isAnimated && !chunks.some(({ type }) => type === 'ALPH'),
    profileBytes: chunks.reduce((sum, { type, length }) => sum + (type === 'ICCP' ? length : 0), 0),
    exif: chunks.filter(({ type }) => type === 'EXIF').map((chunk) => exifOf(file, chunk)),
    bytes: announced === at ? bytes : withLength(file, at),
  };
}

/** Some encoders write the EXIF marker of JPEG in front of the block. */
function exifOf(file: Buffer, { at, length }: Chunk): Buffer {
  const block = file.subarray(at, at + length);
  return block.toString('latin1', 0, EXIF_MARK.length) === EXIF_MARK
    ? block.subarray(EXIF_MARK.length)
    : block;
}

const RIFF = Buffer.from('RIFF', 'latin1');

function sizeOf(file: Buffer, { type, at, length }: Chunk): { width: number; height: number } | undefined {
  if (type === 'VP8X' && length >= 10)
    return { width: file.readUIntLE(at + 4, 3) + 1, height: file.readUIntLE(at + 7, 3) + 1 };
  if (type === 'VP8 ' && length >= 10)
    return { width: file.readUInt16LE(at + 6) & SIDE_BITS, height: file.readUInt16LE(at + 8) & SIDE_BITS };
  if (type === 'VP8L' && length >= 5) {
    const bits = file.readUInt32LE(at + 1);
    return { width: (bits & SIDE_BITS) + 1, height: ((bits >>> 14) & SIDE_BITS) + 1 };
  }
  return undefined;
}

/** Some encoders announce a byte more or less than they write. Only libwebp rejects that. */
function withLength(file: Buffer, length: number): Buffer {
  const whole = Buffer.alloc(length);
  file.copy(whole, 0, 0, Math.min(length, file.length));
  whole.writeUInt32LE(length - CHUNK_HEADER_BYTES, 4);
  return whole;
}
