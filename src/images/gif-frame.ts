/** The first frame of a GIF. The service analyses no other, so the decoder gets no other. Layout: GIF89a specification. */
import { asBuffer } from './file-bytes.js';

interface GifFrame {
  /** The larger of the screen's and the frame's, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The file up to the end of its first frame. */
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 13;
const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;

/** The first frame; undefined if it is incomplete. */
export function gifFrame(bytes: Uint8Array): GifFrame | undefined {
  const file = asBuffer(bytes);
  if (file.length < HEADER_BYTES) return undefined;
  const screen = { width: file.readUInt16LE(6), height: file.readUInt16LE(8) };
  let at = HEADER_BYTES + coloursBytes(file[10]);
  for (; file[at] === EXTENSION; at = afterBlocks(file, at + 2));
  if (file[at] !== IMAGE || at + 10 > file.length) return undefined;
  const width = Math.max(screen.width, file.readUInt16LE(at + 1) + file.readUInt16LE(at + 5));
  const height = Math.max(screen.height, file.readUInt16LE(at + 3) + file.readUInt16LE(at + 7));
  const end = afterBlocks(file, at + 10 + coloursBytes(file[at + 9]) + 1);
  if (end > file.length) return undefined;
  return { width, height, bytes: Buffer.concat([file.subarray(0, end), Buffer.of(TRAILER)]) };
}

/** Size in bytes of the colour table that the flags announce. */
function coloursBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1);
}

/** The position after a chain of blocks. Each block begins with its length; a length of 0 ends the chain. */
function afterBlocks(file: Buffer, from: number): number {
  let at = from;
  while (at < file.length && file[at] !== 0) at += 1 + file[at];
  return at + 1;
}
