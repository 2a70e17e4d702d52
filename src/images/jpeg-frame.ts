/** What a JPEG says of itself, over its whole length, without decoding anything. Layout: ITU-T T.81, annex B. */

/** A JPEG as every camera and encoder writes it. Its size is as stored, before any orientation, in pixels. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** How many colours: 1, 3 or, in print, 4. */
  readonly components: number;
  /** How many scans the file has; each goes over the whole picture. */
  readonly scans: number;
  /** Bytes of coefficients that a decoder keeps until the last scan; 0 where it decodes line by line. */
  readonly coefficientBytes: number;
  /** Bytes of all APP2 segments, where ICC profiles stand. */
  readonly profileBytes: number;
  /** EXIF blocks, from their byte order on. */
  readonly exif: readonly Uint8Array[];
  /** Whether the file stops before its end marker. */
  readonly lacksEnd: boolean;
}

/** A segment of a JPEG: its marker's code, and where it begins (0xff) and ends. */
interface Segment {
  readonly code: number;
  readonly at: number;
  readonly end: number;
}

const START_OF_IMAGE = 0xffd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const EXIF = 0xe1;
const PROFILE = 0xe2;
/** Baseline, extended and progressive Huffman coding: what libjpeg decodes, but for arithmetic coding. */
const BASELINE = 0xc0;
const PROGRESSIVE = 0xc2;
/** A frame header up to its number of components, and what each of these adds. */
const FRAME_BYTES = 10;
const COMPONENT_BYTES = 3;
/** A block of 8×8 coefficients of two bytes. */
const BLOCK_SIDE = 8;
const BLOCK_BYTES = 128;
/** libjpeg keeps segments in a list that it walks anew for each: more than any camera writes are not ordinary. */
const MAX_SEGMENTS = 1000;
/** A native search pays only for a byte that is further away than this; compressed data has an 0xff every 256 or so. */
const NEAR_BYTES = 4;
const EXIF_MARK = Buffer.from('Exif', 'latin1');
const EXIF_MARK_BYTES = 6;

/** The frame of a JPEG; undefined where anything is out of the ordinary, which is for a decoder to judge. */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < FRAME_BYTES || file.readUInt16BE(0) !== START_OF_IMAGE) return undefined;
  let frame: Segment | undefined;
  let firstScan: Segment | undefined;
  let [segments, scans, profileBytes] = [0, 0, 0];
  let segment = segmentAt(file, 2);
  const exif: Buffer[] = [];
  for (; segment !== undefined && segment.code !== END_OF_IMAGE;) {
    if (segment.code === PROFILE) profileBytes += segment.end - segment.at;
    if (segment.code === EXIF && isExif(file, segment))
      exif.push(file.subarray(segment.at + 4 + EXIF_MARK_BYTES, segment.end));
    if (isFrame(segment.code)) {
      if (frame !== undefined || segment.code > PROGRESSIVE) return undefined;
      frame = segment;
    }
    if (segment.code === START_OF_SCAN) {
      if (frame === undefined) return undefined;
      firstScan ??= segment;
      scans++;
      // The one scan of an ordinary JPEG: a decoder reads no further, and the data need not be searched.
      if (scans === 1 && file.at(-2) === 0xff && file.at(-1) === END_OF_IMAGE) {
        const size = describe(file, frame, segment);
        if (size?.coefficientBytes === 0) return { ...size, scans, profileBytes, exif, lacksEnd: false };
      }
    } else if (++segments > MAX_SEGMENTS) return undefined;
    // Before the first scan one segment follows the other; behind it, data lies between them.
    segment = firstScan === undefined ? segmentAt(file, segment.end) : nextSegment(file, segment.end);
  }
  if (frame === undefined || firstScan === undefined) return undefined;
  const size = describe(file, frame, firstScan);
  return size && { ...size, scans, profileBytes, exif, lacksEnd: segment === undefined };
}

/** The segment that begins here; undefined where none does, or it is not all there. */
function segmentAt(file: Buffer, at: number): Segment | undefined {
  if (at + 4 > file.length || file[at] !== 0xff) return undefined;
  const code = file[at + 1];
  if (code < BASELINE || isBare(code)) return undefined;
  const end = at + 2 + file.readUInt16BE(at + 2);
  return end > file.length || end < at + 4 ? undefined : { code, at, end };
}

/** The next segment behind compressed data, or the end marker. */
function nextSegment(file: Buffer, from: number): Segment | undefined {
  for (let at = next0xff(file, from); at !== -1; at = next0xff(file, at)) {
    const code = file[at + 1];
    if (code === END_OF_IMAGE) return { code, at, end: at + 2 };
    if (code === 0xff) at += 1;
    else if (code < BASELINE || isBare(code)) at += 2;
    else return segmentAt(file, at);
  }
  return undefined;
}

function next0xff(file: Buffer, from: number): number {
  const near = from + NEAR_BYTES;
  for (let at = from; at < near && at < file.length; at++) if (file[at] === 0xff) return at;
  return file.indexOf(0xff, near);
}

function isExif(file: Buffer, { at, end }: Segment): boolean {
  return file.subarray(at + 4, Math.min(end, at + 4 + EXIF_MARK.length)).equals(EXIF_MARK);
}

/** Size and memory; undefined where the headers contradict themselves. */
function describe(
  file: Buffer,
  { code, at, end }: Segment,
  scan: Segment,
): Pick<JpegFrame, 'width' | 'height' | 'components' | 'coefficientBytes'> | undefined {
  const [precision, components] = [file[at + 4], file[at + 9]];
  const [height, width] = [file.readUInt16BE(at + 5), file.readUInt16BE(at + 7)];
  // A height of 0 follows after the scan.
  if (width === 0 || height === 0 || precision !== 8) return undefined;
  if (end !== at + FRAME_BYTES + components * COMPONENT_BYTES) return undefined;
  const samplings = Array.from({ length: components }, (_, index) => {
    const factors = file[at + FRAME_BYTES + index * COMPONENT_BYTES + 1];
    return { across: factors >> 4, down: factors & 15 };
  });
  const across = Math.max(...samplings.map((sampling) => sampling.across));
  const down = Math.max(...samplings.map((sampling) => sampling.down));
  if (samplings.some((sampling) => sampling.across === 0 || sampling.down === 0)) return undefined;
  // Every component has whole blocks for the largest unit that all of them share.
  const units = Math.ceil(width / (BLOCK_SIDE * across)) * Math.ceil(height / (BLOCK_SIDE * down));
  const blocks = samplings.reduce((sum, sampling) => sum + sampling.across * sampling.down, 0);
  const severalScans = code === PROGRESSIVE || file[scan.at + 4] < components;
  return { width, height, components, coefficientBytes: severalScans ? units * blocks * BLOCK_BYTES : 0 };
}

/** Markers C0 to CF begin frames, but for those of tables (C4, CC) and one that is reserved (C8). */
function isFrame(code: number): boolean {
  return code >= BASELINE && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

/** Markers without a length: restarts, start and end of an image, and the fill byte. */
function isBare(code: number): boolean {
  return (code >= 0xd0 && code <= 0xd9) || code === 0xff;
}
