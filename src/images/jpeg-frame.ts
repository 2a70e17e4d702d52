/** What a JPEG says of itself before its first scan. Layout: ITU-T T.81, annex B. */

/** Size as it is stored, before any orientation, in pixels. */
export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** Whether a decoder needs more than one pass, and so keeps the whole picture: progressive, or a scan for each component. */
  readonly severalScans: boolean;
}

const START_OF_IMAGE = 0xffd8;
const START_OF_SCAN = 0xda;
/** Baseline, extended and progressive Huffman coding: what libjpeg decodes, but for arithmetic coding. */
const BASELINE = 0xc0;
const PROGRESSIVE = 0xc2;
/** A frame header up to its number of components. */
const FRAME_BYTES = 10;

/** The frame of a JPEG; undefined where anything is out of the ordinary, which is for a decoder to judge. */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < FRAME_BYTES || view.getUint16(0) !== START_OF_IMAGE) return undefined;
  let frame: number | undefined;
  for (let at = 2; at + FRAME_BYTES <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const code = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || code < BASELINE || isBare(code)) return undefined;
    if (code === START_OF_SCAN) return frame === undefined ? undefined : describe(view, frame, at);
    if (!isFrame(code)) continue;
    if (frame !== undefined || code > PROGRESSIVE) return undefined;
    frame = at;
  }
  return undefined;
}

function describe(view: DataView, frame: number, scan: number): JpegFrame | undefined {
  const [height, width] = [view.getUint16(frame + 5), view.getUint16(frame + 7)];
  // A height of 0 follows after the scan.
  if (width === 0 || height === 0) return undefined;
  const severalScans =
    view.getUint8(frame + 1) === PROGRESSIVE || view.getUint8(scan + 4) < view.getUint8(frame + 9);
  return { width, height, severalScans };
}

/** Markers C0 to CF begin frames, but for those of tables (C4, CC) and one that is reserved (C8). */
function isFrame(code: number): boolean {
  return code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

/** Markers without a length: restarts, start and end of an image, and the fill byte. */
function isBare(code: number): boolean {
  return (code >= 0xd0 && code <= 0xd9) || code === 0xff;
}
