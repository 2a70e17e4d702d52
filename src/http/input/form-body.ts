/** Reads a multipart form while it arrives. The name of a part alone decides what it is: its file name does not matter. */
import { Busboy, type BusboyFileStream, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../../errors.js';
import { validation } from '../problems/problem.js';
import { ByteCollector } from './byte-collector.js';
import { shown } from './validation.js';

/** Maximum number of parts: enough for every option, with each item of a list in a part of its own. */
const MAX_PARTS = 64;
/** Longest boundary that RFC 2046, 5.1.1 allows. Searching for a longer one is expensive. */
const MAX_BOUNDARY = 70;
const MAX_PART_HEADERS = 16;
const MAX_PART_HEADER_BYTES = 4 * 1024;

/** The fields of a form: text, the bytes of a file, or a list of texts where a name occurs more than once. */
export type FormFields = Record<string, string | Buffer | string[]>;

/** Which files a form may have, and how large its parts may be. */
export interface FormLimits {
  /** Names of the parts that are files. */
  readonly files: readonly string[];
  readonly maxFileBytes: number;
  readonly maxTextBytes: number;
}

export class FormBody {
  private readonly parser: BusboyInstance;
  private readonly fields = new Map<string, string | Buffer | string[]>();
  private readonly finished: Promise<void>;
  private failure?: unknown;
  private fail: (reason: unknown) => void = () => undefined;

  /** @throws AppError `malformed_body` when the boundary between the parts is missing or too long */
  constructor(
    headers: IncomingHttpHeaders,
    private readonly limits: FormLimits,
  ) {
    assertBoundary(headers);
    this.parser = new Busboy({
      headers: headers as BusboyHeaders,
      // Every part is read the same way, as bytes.
      isPartAFile: () => true,
      limits: {
        files: MAX_PARTS,
        parts: MAX_PARTS,
        headerPairs: MAX_PART_HEADERS,
        headerSize: MAX_PART_HEADER_BYTES,
      },
    });
    this.finished = new Promise((resolve, reject) => {
      this.fail = (reason) => {
        this.failure ??= reason;
        reject(reason);
      };
      this.parser.once('finish', resolve);
    });
    // It may reject before anything awaits it.
    this.finished.catch(() => undefined);
    this.parser.on('error', (cause: unknown) => this.fail(unreadable(cause)));
    this.parser.on('partsLimit', () =>
      this.fail(validation('body', `has more than ${MAX_PARTS} parts: send each option once`)),
    );
    this.parser.on('file', (name: string | undefined, part: BusboyFileStream, filename: string | undefined) =>
      this.readPart(name, part, filename),
    );
  }

  /**
   * Takes the next piece of the body.
   * @throws AppError `malformed_body`, `invalid_request`, `image_too_large`
   */
  write(piece: Buffer): void {
    if (this.failure !== undefined) throw this.failure as Error;
    this.parser.write(piece);
    if (this.failure !== undefined) throw this.failure as Error;
  }

  /**
   * Returns the fields, once the last part has been read.
   * @throws as `write` does
   */
  async end(): Promise<FormFields> {
    this.parser.end();
    await this.finished;
    return Object.fromEntries(this.fields);
  }

  private readPart(name = '', part: BusboyFileStream, filename: string | undefined): void {
    const isFile = this.limits.files.includes(name);
    const maxBytes = isFile ? this.limits.maxFileBytes : this.limits.maxTextBytes;
    const bytes = new ByteCollector();
    part.on('error', (cause) => this.fail(unreadable(cause)));
    if (!isFile && filename !== undefined) {
      this.fail(this.unexpectedFile(name));
      return void part.resume();
    }
    part.on('data', (piece: Buffer) => {
      bytes.push(piece);
      if (bytes.length > maxBytes) this.fail(tooLarge(shown(name), maxBytes));
    });
    part.on('end', () => {
      // A browser sends this for a file input that was left empty.
      if (isFile && filename === '' && bytes.length === 0) return;
      this.keep(name, isFile ? bytes.take() : bytes.take().toString());
    });
  }

  private keep(name: string, value: string | Buffer): void {
    const before = this.fields.get(name);
    if (before === undefined) return void this.fields.set(name, value);
    if (typeof value !== 'string' || Buffer.isBuffer(before))
      return this.fail(validation(shown(name), 'occurs more than once: send one picture per field'));
    this.fields.set(name, Array.isArray(before) ? [...before, value] : [before, value]);
  }

  private unexpectedFile(name: string): AppError {
    const { files } = this.limits;
    const expected = files.map((file) => `"${file}"`).join(' and ');
    return validation(shown(name), `is not an expected form field for a file: send the file as ${expected}`);
  }
}

function assertBoundary({ 'content-type': header = '' }: IncomingHttpHeaders): void {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^;\s]*))/i.exec(header) ?? [];
  const boundary = quoted ?? plain ?? '';
  if (boundary !== '' && boundary.length <= MAX_BOUNDARY) return;
  throw new AppError(
    'malformed_body',
    `The form cannot be read: its Content-Type must have a boundary parameter of at most ${MAX_BOUNDARY} characters.`,
  );
}

function tooLarge(field: string, max_bytes: number): AppError {
  return new AppError(
    'image_too_large',
    `The form field ${field} has more than ${max_bytes} bytes, which is the limit for a picture: send a smaller or more compressed one.`,
    { field, max_bytes },
  );
}

function unreadable(cause: unknown): AppError {
  return new AppError(
    'malformed_body',
    'The form cannot be read: it is cut short, or its parts are not separated by the boundary in its Content-Type. Send a complete form.',
    {},
    { cause },
  );
}
