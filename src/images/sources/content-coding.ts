/**
 * Unpacks a body according to its `Content-Encoding`. That header is often wrong: stores keep `aws-chunked` or `utf-8` from
 * the upload, and servers send plain pictures as `gzip`. So the first bytes are checked, and only a body that is really packed
 * is unpacked. This happens chunk by chunk, so that the reader's limit holds for the unpacked bytes.
 */
import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { sniffFormat } from '../image-format.js';
import { codeOfCause } from './causes.js';
import { downloadFailed } from './download-failed.js';

/** The unpacker of each supported coding; it is undefined if the first bytes show that nothing is packed. */
const UNPACKERS: Readonly<Record<string, (head: Buffer) => Transform | undefined>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: (head) => (isZlib(head) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
};
/** Compressed codings that Node 20 cannot unpack. */
const UNKNOWN_PACKERS = new Set(['zstd', 'compress', 'x-compress', 'dcb', 'dcz']);
/** This many bytes are enough to recognise a picture or gzip. */
const HEAD_BYTES = 32;

/**
 * Yields the unpacked bytes of a body.
 * @param coding its `Content-Encoding`
 * @param field the request field named in errors
 * @throws AppError `download_failed` if its coding is not supported, or the data is damaged
 */
export async function* unpacked(
  body: Readable,
  coding: string | undefined,
  field: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const packers = (coding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => Object.hasOwn(UNPACKERS, name) || UNKNOWN_PACKERS.has(name));
  const chunks = body[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>;
  const [packer, ...others] = packers;
  if (packer === undefined) {
    yield* chunks;
    return;
  }

  const head = await readHead(chunks);
  const isPlain = sniffFormat(head)?.support === 'decodable';
  const unpacker = isPlain ? undefined : UNPACKERS[packer]?.(head);
  if (!isPlain && (others.length > 0 || UNKNOWN_PACKERS.has(packer))) {
    throw downloadFailed(
      field,
      `its content encoding (${packers.join(', ')}) is not supported; serve the picture without one`,
    );
  }
  const whole = joined(head, chunks);
  if (unpacker === undefined) {
    yield* whole;
    return;
  }
  // If any of them fails, all are destroyed, and the reader gets the error.
  pipeline(Readable.from(whole, { objectMode: false }), unpacker, () => undefined);
  try {
    yield* unpacker as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (!/^(Z_|ERR__)/.test(codeOfCause(error) ?? '')) throw error;
    throw downloadFailed(
      field,
      `its data is not valid ${packer}, as the server's Content-Encoding says, or is cut off; serve it without a content encoding`,
      error,
    );
  }
}

function gunzip(head: Buffer): Transform | undefined {
  return head[0] === 0x1f && head[1] === 0x8b ? createGunzip() : undefined;
}

/** Whether data is in zlib format (RFC 1950). Some servers send raw RFC 1951 data as `deflate`. */
function isZlib(head: Buffer): boolean {
  return head.length >= 2 && ((head[0] ?? 0) & 0x0f) === 8 && head.readUInt16BE() % 31 === 0;
}

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* joined(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield head;
  yield* rest;
}
