/** Reads the segments of a whole JPEG without decoding anything. Layout: ITU-T T.81, annex B. */
import { asBuffer } from './file-bytes.js';

/** A JPEG as every camera and encoder writes it. Its size is in pixels as stored, before any orientation. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** Number of colour components: 1, 3 or, for print, 4. */
  readonly components: number;
  /** Number of scans. Each covers the whole picture. */
  readonly scans: number;
  /** Bytes of coefficients that a decoder keeps until the last scan; 0 if it decodes line by line. */
  readonly coefficientBytes: number;
  /** Bytes of all APP2 segments, which hold ICC profiles. */
  readonly profileBytes: number;
  /** EXIF blocks, each starting at its byte order. */
  readonly exif: readonly Uint8Array[];
  /** Whether the file stops before its end marker. */
  readonly lacksEnd: boolean;
}

/** A segment of a JPEG: the code of its marker, its start (the 0xff) and its end. */
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
/** Baseline, extended and progressive Huffman coding: all that libjpeg decodes except arithmetic coding. */
const BASELINE = 0xc0;
const PROGRESSIVE = 0xc2;
/** Bytes of a frame header without its components, and of each component. */
const FRAME_BYTES = 10;
const COMPONENT_BYTES = 3;
/** A block has 8×8 coefficients of two bytes. */
const BLOCK_SIDE = 8;
const BLOCK_BYTES = 128;
/** More than any camera writes. libjpeg keeps segments in a list that it walks again for each new one. */
const MAX_SEGMENTS = 1000;
/** A native search pays off only for bytes further away than this. Compressed data has an 0xff about every 256 bytes. */
const NEAR_BYTES = 4;
const EXIF_MARK = Buffer.from('Exif', 'latin1');
const EXIF_MARK_BYTES = 6;

/** The frame of a JPEG; undefined if anything is unusual, so that a decoder decides. */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const file = asBuffer(bytes);
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
      // The only scan of an ordinary JPEG: a decoder reads no further, so the data need not be searched.
      if (scans === 1 && file.at(-2) === 0xff && file.at(-1) === END_OF_IMAGE) {
        const size = measure(file, frame, segment);
        if (size?.coefficientBytes === 0) return { ...size, scans, profileBytes, exif, lacksEnd: false };
      }
    } else if (++segments > MAX_SEGMENTS) return undefined;
    // Up to the first scan, segments follow each other directly; after it, data lies between them.
    segment = firstScan === undefined ? segmentAt(file, segment.end) : nextSegment(file, segment.end);
  }
  if (frame === undefined || firstScan === undefined) return undefined;
  const size = measure(file, frame, firstScan);
  return size && { ...size, scans, profileBytes, exif, lacksEnd: segment === undefined };
}

/** The segment that begins here; undefined if there is none, or it is incomplete. */
function segmentAt(file: Buffer, at: number): Segment | undefined {
  if (at + 4 > file.length || file[at] !== 0xff) return undefined;
  const code = file[at + 1];
  if (code < BASELINE || isBare(code)) return undefined;
  const end = at + 2 + file.readUInt16BE(at + 2);
  return end > file.length || end < at + 4 ? undefined : { code, at, end };
}

/** The next segment after compressed data, or the end marker. */
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

/** Size and memory; undefined if the headers contradict each other. */
function measure(
  file: Buffer,
  { code, at, end }: Segment,
  scan: Segment,
): Pick<JpegFrame, 'width' | 'height' | 'components' | 'coefficientBytes'> | undefined {
  const [precision, components] = [file[at + 4], file[at + 9]];
  const [height, width] = [file.readUInt16BE(at + 5), file.readUInt16BE(at + 7)];
  // A height of 0 means that the real one follows after the scan.
  if (width === 0 || height === 0 || precision !== 8) return undefined;
  if (end !== at + FRAME_BYTES + components * COMPONENT_BYTES) return undefined;
  const samplings = Array.from({ length: components }, (_, index) => {
    const factors = file[at + FRAME_BYTES + index * COMPONENT_BYTES + 1];
    return { across: factors >> 4, down: factors & 15 };
  });
  const across = Math.max(...samplings.map((sampling) => sampling.across));
  const down = Math.max(...samplings.map((sampling) => sampling.down));
  if (samplings.some((sampling) => sampling.across === 0 || sampling.down === 0)) return undefined;
  // Each component is padded to whole blocks of the largest unit that all components share.
  const units = Math.ceil(width / (BLOCK_SIDE * across)) * Math.ceil(height / (BLOCK_SIDE * down));
  const blocks = samplings.reduce((sum, sampling) => sum + sampling.across * sampling.down, 0);
  const severalScans = code === PROGRESSIVE || file[scan.at + 4] < components;
  return { width, height, components, coefficientBytes: severalScans ? units * blocks * BLOCK_BYTES : 0 };
}

/** Markers C0 to CF begin frames, except those of tables (C4, CC) and a reserved one (C8). */
function isFrame(code: number): boolean {
  return code >= BASELINE && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

/** Whether a marker has no length: restarts, start and end of an image, and the fill byte. */
function isBare(code: number): boolean {
  return (code >= 0xd0 && code <= 0xd9) || code === 0xff;
}
