/** Tells whether an EXIF block is one that a camera would write. Layout: Exif 2.32, 4.6; TIFF 6.0. */

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
  const data = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const isLittleEndian = data.toString('latin1', 0, 2) === 'II';
  const short = (at: number): number => (isLittleEndian ? data.readUInt16LE(at) : data.readUInt16BE(at));
  const long = (at: number): number => (isLittleEndian ? data.readUInt32LE(at) : data.readUInt32BE(at));
  const seen = new Set<number>();
  let left = MAX_ENTRIES;
  const isPlain = (directory: number): boolean => {
    if (directory === 0 || directory + 2 > data.length) return true;
    if (seen.has(directory)) return false;
    seen.add(directory);
    const entries = short(directory);
    for (let index = 0; index < entries; index++) {
      const entry = directory + 2 + index * ENTRY_BYTES;
      if (entry + ENTRY_BYTES > data.length) return true;
      if (--left < 0) return false;
      if (POINTERS.includes(short(entry)) && !isPlain(long(entry + 8))) return false;
    }
    const next = directory + 2 + entries * ENTRY_BYTES;
    return next + 4 > data.length || isPlain(long(next));
  };
  return data.length < 8 || isPlain(long(4));
}
