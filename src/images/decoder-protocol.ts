/**
 * The messages between a decoder process and its parent, over the process's standard input and output. A message is four
 * bytes of length, that many bytes of JSON, then the raw bytes that the JSON announces.
 */
import type { ErrorCode, ErrorDetails } from '../errors.js';
import type { Encoded, Header, Size } from './sharp-decoder.js';

/** A message that announces its raw bytes. */
interface Announced {
  /** Number of raw bytes. */
  readonly bytes: number;
}

/** A job for a decoder process. The raw bytes are the file. */
export interface DecoderJob extends Announced {
  readonly task: 'header' | 'decode';
  readonly encoded: Omit<Encoded, 'bytes'>;
  /** Size to shrink the picture to. */
  readonly size?: Size;
  readonly limits: JobLimits;
}

/** The resources a job may use. */
export interface JobLimits {
  /** Memory beyond what the process has when the job begins. */
  readonly memoryBytes: number;
  /** CPU time in milliseconds. */
  readonly cpuMs: number;
}

/** The answer to a job. The raw bytes are the pixels. */
export type DecoderAnswer = Announced &
  (
    | { readonly kind: 'ready' }
    | { readonly kind: 'header'; readonly header: Header }
    | { readonly kind: 'pixels'; readonly size: Size }
    | { readonly kind: 'refused'; readonly refusal: Refusal }
    /** The process has exceeded its limits and ends. */
    | { readonly kind: 'exceeded'; readonly limit: 'time' | 'memory' }
  );

/** An AppError in transit. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  /** The message of the underlying error. */
  readonly cause?: string;
}

const LENGTH_BYTES = 4;
/** Maximum size of the JSON of a message. */
const MAX_JSON_BYTES = 64 * 1024;

/** Encodes a message without its raw bytes. */
export function encodeMessage(message: DecoderJob | DecoderAnswer): Buffer {
  const json = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(LENGTH_BYTES);
  head.writeUInt32LE(json.length);
  return Buffer.concat([head, json]);
}

/** Assembles messages from the pieces that a pipe delivers. */
export class MessageReader<Message extends Announced> {
  private head = Buffer.alloc(0);
  private message?: Message;
  private body?: Uint8Array;
  private filled = 0;

  /**
   * @param roomFor provides memory for the raw bytes of a message; called once for each message that has any
   * @param onMessage called with each complete message
   */
  constructor(
    private readonly roomFor: (message: Message) => Uint8Array,
    private readonly onMessage: (message: Message, body: Uint8Array) => void,
  ) {}

  /** @throws Error when the other side violates the protocol */
  push(piece: Buffer): void {
    let rest = piece;
    while (rest.length > 0) rest = this.message === undefined ? this.readHead(rest) : this.readBody(rest);
  }

  private readHead(piece: Buffer): Buffer {
    this.head = Buffer.concat([this.head, piece]);
    if (this.head.length < LENGTH_BYTES) return NOTHING;
    const length = this.head.readUInt32LE();
    if (length > MAX_JSON_BYTES) throw new Error(`The JSON of a message has ${length} bytes.`);
    const end = LENGTH_BYTES + length;
    if (this.head.length < end) return NOTHING;
    const message = JSON.parse(this.head.toString('utf8', LENGTH_BYTES, end)) as Message;
    const rest = this.head.subarray(end);
    this.head = NOTHING;
    this.message = message;
    this.body = message.bytes > 0 ? this.roomFor(message) : NOTHING;
    this.filled = 0;
    if (message.bytes === 0) this.finish(message, this.body);
    return rest;
  }

  private readBody(piece: Buffer): Buffer {
    const { message, body } = this;
    if (message === undefined || body === undefined) return piece;
    const part = piece.subarray(0, message.bytes - this.filled);
    body.set(part, this.filled);
    this.filled += part.length;
    if (this.filled === message.bytes) this.finish(message, body);
    return piece.subarray(part.length);
  }

  private finish(message: Message, body: Uint8Array): void {
    this.message = undefined;
    this.body = undefined;
    this.onMessage(message, body);
  }
}

const NOTHING = Buffer.alloc(0);
