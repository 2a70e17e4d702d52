/** Tells whether an EXIF block is one that a camera would write. Layout: Exif 2.32, 4.6; TIFF 6.0. */
import { asBuffer, tiffIntegers } from './file-bytes.js';

/** Tags that point to another directory: Exif, GPS and interoperability. */
const POINTERS = [0x8769, 0x8825, 0xa005];
const ENTRY_BYTES = 12;
/** Cameras write about a hundred entries in five directories. */
const MAX_ENTRIES = 1000;

/**
 * False for a block whose directories point back to each other or are referenced twice: libexif follows every pointer, and
 * needs seconds for 64 KB of them. Offsets that point outside the block are harmless.
 * @param block starts at its byte order
 */
export function isPlainExif(block: Uint8Array): boolean {
  const data = asBuffer(block);
  const read = tiffIntegers(data);
  const seen = new Set<number>();
  let left = MAX_ENTRIES;
  const isPlain = (directory: number): boolean => {
    if (directory === 0 || directory + 2 > data.length) return true;
    if (seen.has(directory)) return false;
    seen.add(directory);
    const entries = read(directory, 2);
    for (let index = 0; index < entries; index++) {
      const entry = directory + 2 + index * ENTRY_BYTES;
      if (entry + ENTRY_BYTES > data.length) return true;
      if (--left < 0) return false;
      if (POINTERS.includes(read(entry, 2)) && !isPlain(read(entry + 8, 4))) return false;
    }
    const next = directory + 2 + entries * ENTRY_BYTES;
    return next + 4 > data.length || isPlain(read(next, 4));
  };
  return data.length < 8 || isPlain(read(4, 4));
}
