/**
 * Reads a JSON body while it arrives, and refuses one that is built to be expensive before it is parsed. Its depth, the
 * number of its values and the size of its texts are counted on the bytes.
 *
 * `JSON.parse` sees only the short remainder. Long texts, which are the pictures, are cut out and put back afterwards:
 * decoding and parsing 64 MB in one go would block all other requests for a quarter of a second.
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../errors.js';
import { validation } from '../problems/problem.js';
import { ByteCollector } from './byte-collector.js';
import { shown } from './validation.js';

const MAX_DEPTH = 16;
const MAX_VALUES = 2_048;
const MAX_NAME_BYTES = 256;
/** Longer texts are cut out. */
const LONG_TEXT_BYTES = 64 * 1024;
/** A run of at least this much white space is dropped. */
const LONG_BLANK_BYTES = 64;
/** Maximum size of the body without its long texts. */
const MAX_REST_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Prefix of the placeholder for a text that was cut out. It is random, so that no caller can forge one. */
const CUT_OUT = `${randomUUID()}:`;

/** An array or an object whose end has not arrived yet. */
interface Level {
  readonly isList: boolean;
  /** Name or index of the value being read. */
  at: string | number;
}

export class JsonBody {
  private readonly rest = new ByteCollector();
  private readonly longTexts: string[] = [];
  private readonly levels: Level[] = [];
  private values = 0;
  private texts = 0;
  private expectsName = false;
  /** The text being read, without its quotes; undefined between texts. */
  private text?: ByteCollector;
  private isEscaped = false;

  /** @param maxTextBytes maximum size of one text, as sent */
  constructor(private readonly maxTextBytes: number) {}

  /**
   * Takes the next piece of the body.
   * @throws AppError `invalid_request` naming the field, `image_too_large`, `malformed_body`
   */
  write(piece: Buffer): void {
    for (let at = 0; at < piece.byteLength;) {
      at = this.text === undefined ? this.readStructure(piece, at) : this.readText(piece, at, this.text);
    }
  }

  /**
   * Returns the value; undefined for an empty body.
   * @throws AppError `malformed_body`
   */
  end(): unknown {
    const rest = this.rest.take().toString();
    if (this.text !== undefined) throw notJson();
    if (rest === '') return undefined;
    try {
      return this.putBack(JSON.parse(rest.replace(/^\uFEFF/, '')));
    } catch (cause) {
      throw notJson(cause);
    }
  }

  /** Reads up to the next text or the end of the piece, and returns the position to continue from. */
  private readStructure(piece: Buffer, start: number): number {
    let at = start;
    let kept = start;
    for (; at < piece.byteLength; at++) {
      const byte = piece[at];
      if (isWhiteSpace(byte)) {
        const first = at;
        while (at + 1 < piece.byteLength && isWhiteSpace(piece[at + 1])) at++;
        if (at - first < LONG_BLANK_BYTES) continue;
        // Dropped, so that a megabyte of white space does not count as a megabyte of values.
        this.keep(piece.subarray(kept, first + 1));
        kept = at + 1;
      } else if (byte === QUOTE) {
        const end = endOfText(piece, at + 1);
        // A short text that is complete in this piece stays in place.
        if (end !== -1 && end - at <= LONG_TEXT_BYTES) {
          this.noteText(piece, at + 1, end);
          at = end;
          continue;
        }
        this.keep(piece.subarray(kept, at));
        this.text = new ByteCollector();
        return at + 1;
      } else this.note(byte);
    }
    this.keep(piece.subarray(kept, at));
    return at;
  }

  private note(byte: number): void {
    const level = this.levels.at(-1);
    switch (byte) {
      case OPEN_LIST:
      case OPEN_OBJECT:
        this.countValue();
        this.levels.push({ isList: byte === OPEN_LIST, at: byte === OPEN_LIST ? 0 : '' });
        if (this.levels.length > MAX_DEPTH)
          throw this.refusal(`is nested deeper than ${MAX_DEPTH} levels: send a flat object`);
        this.expectsName = byte === OPEN_OBJECT;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        this.levels.pop();
        this.expectsName = false;
        break;
      case COMMA:
        this.countValue();
        if (level === undefined) break;
        if (typeof level.at === 'number') level.at++;
        this.expectsName = !level.isList;
        break;
      case COLON:
        this.expectsName = false;
        break;
    }
  }

  /** Reads the text up to its end or the end of the piece, and returns the position to continue from. */
  private readText(piece: Buffer, start: number, text: ByteCollector): number {
    let from = this.isEscaped ? start + 1 : start;
    this.isEscaped = false;
    for (;;) {
      const end = piece.indexOf(QUOTE, from);
      const stop = end === -1 ? piece.byteLength : end;
      const endIsEscaped = countBackslashes(piece, from, stop) % 2 === 1;
      if (end !== -1 && endIsEscaped) {
        from = end + 1;
        continue;
      }
      text.push(piece.subarray(start, stop));
      if (text.length > this.maxTextBytes) throw this.textTooLong();
      if (end === -1) this.isEscaped = endIsEscaped;
      else this.endText(text);
      return stop + 1;
    }
  }

  private endText(text: ByteCollector): void {
    this.text = undefined;
    const bytes = text.length;
    const raw = text.take();
    this.noteText(raw, 0, bytes);
    if (bytes <= LONG_TEXT_BYTES) return this.keep(raw, true);
    this.keep(Buffer.from(`${CUT_OUT}${this.longTexts.length}`), true);
    // A text this long is base64, so each byte is one character. Escaped slashes are common in it.
    const latin1 = raw.toString('latin1');
    this.longTexts.push(raw.includes(BACKSLASH) ? unescaped(latin1) : latin1);
  }

  /** Counts a text, and remembers it if it is the name of a field. */
  private noteText(piece: Buffer, start: number, end: number): void {
    this.texts++;
    // Valid JSON has at most a name and a text for each value.
    if (this.texts > 2 * MAX_VALUES) throw this.refusal(TOO_MANY);
    if (!this.expectsName) return;
    if (end - start > MAX_NAME_BYTES)
      throw this.refusal(
        `has a field whose name is longer than ${MAX_NAME_BYTES} bytes: send only the documented fields`,
      );
    const level = this.levels.at(-1);
    if (level !== undefined) level.at = piece.toString('utf8', start, end);
  }

  private keep(bytes: Buffer, isText = false): void {
    if (isText) this.rest.push(QUOTED);
    this.rest.push(bytes);
    if (isText) this.rest.push(QUOTED);
    if (this.rest.length > MAX_REST_BYTES)
      throw this.refusal(
        `is too long: apart from its pictures, a body may have at most ${MAX_REST_BYTES} bytes. Send pictures as base64 text`,
      );
  }

  private countValue(): void {
    this.values++;
    if (this.values > MAX_VALUES) throw this.refusal(TOO_MANY);
  }

  private putBack(value: unknown): unknown {
    if (typeof value === 'string')
      return value.startsWith(CUT_OUT) ? this.longTexts[Number(value.slice(CUT_OUT.length))] : value;
    if (typeof value !== 'object' || value === null || this.longTexts.length === 0) return value;
    for (const [name, one] of Object.entries(value)) {
      const own = { value: this.putBack(one), enumerable: true, writable: true, configurable: true };
      // An assignment to `__proto__` would change the prototype.
      Object.defineProperty(value, name, own);
    }
    return value;
  }

  private textTooLong(): AppError {
    const { maxTextBytes } = this;
    return new AppError(
      'image_too_large',
      `The text in ${this.field} has more than ${maxTextBytes} bytes, which is the limit for a picture in base64: send a smaller or more compressed one.`,
      { field: this.field, max_bytes: maxTextBytes },
    );
  }

  private refusal(message: string): AppError {
    return validation(this.field, message);
  }

  /** The field being read. For one that is an array or an object, only its own name. */
  private get field(): string {
    const [root, item, field] = this.levels.map(({ at }) => at);
    if (typeof root !== 'string' || root === '') return 'body';
    const isInItem = typeof item === 'number' && typeof field === 'string' && field !== '';
    return shown(isInItem ? `${root}.${item}.${field}` : root);
  }
}

const QUOTED = Buffer.from('"');
const TOO_MANY = `takes the request past its limit of ${MAX_VALUES} values: send a picture as base64 text, not as an array or object of numbers`;

/** Position of the closing quote of the text that begins at `start`; -1 if it has not arrived yet. */
function endOfText(piece: Buffer, start: number): number {
  let end = piece.indexOf(QUOTE, start);
  while (end !== -1 && countBackslashes(piece, start, end) % 2 === 1) end = piece.indexOf(QUOTE, end + 1);
  return end;
}

function isWhiteSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Number of consecutive backslashes right before `end`, looking back no further than `from`. */
function countBackslashes(piece: Buffer, from: number, end: number): number {
  let at = end;
  while (at > from && piece[at - 1] === BACKSLASH) at--;
  return end - at;
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch (cause) {
    throw notJson(cause);
  }
}

function notJson(cause?: unknown): AppError {
  return new AppError(
    'malformed_body',
    'The request body is not valid JSON: check its syntax.',
    {},
    { cause },
  );
}
