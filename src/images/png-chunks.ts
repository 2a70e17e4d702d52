/** The chunks of a PNG that its pixels need, without text and unknown ones. Layout: PNG specification, 3rd edition, 5. */
import { inflateSync } from 'node:zlib';
import { asBuffer } from './file-bytes.js';

export interface PngParts {
  readonly width: number;
  readonly height: number;
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  readonly bitDepth: number;
  /** Samples per pixel after libpng has unpacked them: palettes become colours, a transparent colour becomes an alpha channel. */
  readonly channels: number;
  readonly interlaced: boolean;
  /** Whether its colour profile is large enough to cost noticeable time. */
  readonly hasLargeProfile: boolean;
  /** EXIF blocks, each starting at its byte order. */
  readonly exif: readonly Uint8Array[];
  /** The file without chunks that the pixels do not need: text, which a decoder would unpack, and unknown chunks. */
  readonly bytes: Uint8Array;
}

const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const CHUNK_BYTES = 12;
const HEADER_BYTES = 13;
/** More chunks than any encoder writes into a file of the sizes this service takes. */
const MAX_CHUNKS = 50_000;
const code = (type: string): number => Buffer.from(type, 'latin1').readUInt32BE();
/** The chunks that are kept once each, with their maximum size in bytes. */
const KEPT_ONCE = new Map(
  Object.entries({
    IHDR: HEADER_BYTES,
    PLTE: 768,
    tRNS: 256,
    gAMA: 4,
    cHRM: 32,
    sRGB: 1,
    iCCP: 4 * 1024 * 1024,
    eXIf: 65_536,
    bKGD: 6,
    hIST: 512,
    pHYs: 9,
    sBIT: 4,
    tIME: 7,
  }).map(([type, bytes]) => [code(type), bytes]),
);
const [HEADER, DATA, END] = ['IHDR', 'IDAT', 'IEND'].map(code);
const [PROFILE, TRANSPARENCY, EXIF] = ['iCCP', 'tRNS', 'eXIf'].map(code);
/** Size of an unpacked profile. Those of displays and cameras are smaller. */
export const SMALL_PROFILE_BYTES = 65_536;

/** The parts of a PNG; undefined if the file does not begin like one, or has too many chunks. */
export function pngParts(bytes: Uint8Array): PngParts | undefined {
  const file = asBuffer(bytes);
  if (file.length < SIGNATURE_BYTES + CHUNK_BYTES + HEADER_BYTES) return undefined;
  if (file.readUInt32BE(12) !== HEADER || file.readUInt32BE(8) !== HEADER_BYTES) return undefined;
  const seen = new Set<number>();
  const kept: Buffer[] = [];
  const exif: Buffer[] = [];
  let [start, at, chunks] = [0, SIGNATURE_BYTES, 0];
  let hasLargeProfile = false;
  while (at + CHUNK_BYTES <= file.length) {
    if (++chunks > MAX_CHUNKS) return undefined;
    const type = file.readUInt32BE(at + 4);
    const length = file.readUInt32BE(at);
    const end = Math.min(file.length, at + CHUNK_BYTES + length);
    const isKept =
      type === DATA || type === END || (length <= (KEPT_ONCE.get(type) ?? -1) && !seen.has(type));
    seen.add(type);
    if (isKept && type === EXIF) exif.push(file.subarray(at + 8, end - 4));
    if (isKept && type === PROFILE) hasLargeProfile = isLargeProfile(file.subarray(at + 8, end - 4));
    if (!isKept) {
      kept.push(file.subarray(start, at));
      start = end;
    }
    at = end;
    if (type === END) break;
  }
  // After a file without an end chunk, the rest is a chunk that was cut short: leave it to the decoder.
  kept.push(file.subarray(start, seen.has(END) ? at : file.length));
  const colourType = file[25];
  return {
    width: file.readUInt32BE(16),
    height: file.readUInt32BE(20),
    bitDepth: file[24],
    channels: channelsOf(colourType, seen.has(TRANSPARENCY)),
    interlaced: file[28] !== 0,
    hasLargeProfile,
    exif,
    bytes: kept.length === 1 ? kept[0] : Buffer.concat(kept),
  };
}

/** The number of channels. Colour types: 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha. */
function channelsOf(colourType: number, hasTransparency: boolean): number {
  const colours = (colourType & 2) === 0 ? 1 : 3;
  return colours + ((colourType & 4) !== 0 || hasTransparency ? 1 : 0);
}

/** @param chunk a zero-terminated name, the compression method, and the compressed profile */
function isLargeProfile(chunk: Buffer): boolean {
  const name = chunk.indexOf(0);
  if (name === -1) return false;
  if (chunk.length > SMALL_PROFILE_BYTES) return true;
  try {
    inflateSync(chunk.subarray(name + 2), { maxOutputLength: SMALL_PROFILE_BYTES });
    return false;
  } catch (error) {
    // Decoders ignore a damaged profile.
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
  }
}
