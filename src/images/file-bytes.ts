/** Views of the bytes of a file, for the parsers of its formats. */

/** Reads an unsigned integer of up to 8 bytes. @throws RangeError outside the file */
export type IntegerReader = (at: number, bytes: number) => number;

/** The same bytes as a Buffer, without a copy. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Reads a TIFF, or an EXIF block, in the byte order that it begins with. */
export function tiffIntegers(file: Buffer): IntegerReader {
  const isLittleEndian = file.toString('latin1', 0, 2) === 'II';
  return (at, bytes) => {
    if (bytes < 8) return isLittleEndian ? file.readUIntLE(at, bytes) : file.readUIntBE(at, bytes);
    return Number(isLittleEndian ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at));
  };
}
