/** Extracts single files from a zip archive. The caller chooses the paths to write; names in the archive never do. */
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { AppError, messageOf } from '../../src/errors.js';

/** The largest graph that is unpacked; ONNX itself allows 2 GiB. */
const MAX_BYTES = 2 * 1024 ** 3;
/** More entries than any pack has: a larger archive is an attack. */
const MAX_ENTRIES = 1000;
/** Deflate cannot shrink weights, which look like noise, by anything near this. */
const MAX_RATIO = 100;

/**
 * Writes the files `wanted` (name inside the archive, whatever its folder, or its whole path there ↦ path to write).
 * @param label what to call the archive in messages
 * @throws AppError `pack_unavailable` if it is not a zip archive, lacks a file, has one twice, or is damaged
 */
export async function unpack(
  archive: string,
  wanted: ReadonlyMap<string, string>,
  label: string,
): Promise<void> {
  const missing = new Set(wanted.keys());
  try {
    const zip = await yauzl.openPromise(archive);
    if (zip.entryCount > MAX_ENTRIES) throw new Error(`it has ${zip.entryCount} entries`);
    for await (const entry of zip.eachEntry()) {
      const name = wanted.has(entry.fileName) ? entry.fileName : basename(entry.fileName);
      const target = entry.fileName.endsWith('/') ? undefined : wanted.get(name);
      if (target === undefined) continue;
      if (!missing.delete(name)) throw new Error(`it has ${name} twice`);
      assertReasonable(entry);
      const check = new Checksum(entry);
      // 'wx': never through a link, never over another file.
      await pipeline(
        await zip.openReadStreamPromise(entry),
        check,
        createWriteStream(target, { flags: 'wx' }),
      );
    }
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error;
    const message = `${label} cannot be unpacked: ${messageOf(error)}.`;
    throw new AppError('pack_unavailable', message, {}, { cause: error });
  }
  if (missing.size > 0) throw new AppError('pack_unavailable', `${label} has no ${[...missing].join(', ')}.`);
}

/** yauzl cuts an entry off at the size it states, so that these bounds hold for what is really unpacked. */
function assertReasonable({ fileName, uncompressedSize, compressedSize }: yauzl.Entry): void {
  if (uncompressedSize > MAX_BYTES || uncompressedSize > MAX_RATIO * compressedSize)
    throw new Error(`${fileName} would unpack to ${uncompressedSize} bytes, which no graph has`);
}

/** Passes bytes on and fails at the end if their CRC-32 is wrong. */
class Checksum extends Transform {
  private value = 0;

  constructor(private readonly entry: yauzl.Entry) {
    super();
  }

  override _transform(chunk: Buffer, _: string, done: (error: null, chunk: Buffer) => void): void {
    this.value = crc32(chunk, this.value);
    done(null, chunk);
  }

  override _flush(done: (error?: Error) => void): void {
    const isRight = this.value === this.entry.crc32;
    done(isRight ? undefined : new Error(`${this.entry.fileName} is damaged (wrong CRC-32)`));
  }
}
