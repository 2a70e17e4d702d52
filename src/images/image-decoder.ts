/**
 * Encoded bytes → upright 8-bit RGB pixels in shared memory. A picture whose cost its own header bounds is decoded here,
 * on sharp's threads; any other in a process that can be ended (docs/adr/0011).
 */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { type Image } from '../vision/image.js';
import { DecoderPool, type Turn } from './decoder-pool.service.js';
import { assertSize, requestAborted, undecodable } from './image-errors.js';
import { type Survey, survey } from './picture-survey.js';
import { PixelBuffers } from './pixel-buffers.js';
import { decodePixels, type Header, readHeader, RGB, setUpSharp, type Size } from './sharp-decoder.js';
import type { DecoderJob, JobLimits } from './decoder-protocol.js';

/**
 * By how much a picture may be shrunk while it is decoded. Whole factors keep it sharp and are the cheapest; from 4 on
 * libjpeg and libwebp leave work out, below that a smaller picture takes as long as the whole one.
 */
const SHRINK_FACTORS = [8, 4];

/** Time of the processor that a decoder process may take: so much for any picture, and more for its pixels. */
const BASE_CPU_MS = 1_000;
const CPU_MS_PER_MEGAPIXEL = 200;
/** Until it is ended, whatever it did: others may be at the processor too. */
const TIMEOUT_FACTOR = 4;
/** Memory that a decoder process may take beyond what was admitted: tables, and what the allocator does not give back. */
const SLACK_BYTES = 48 * 1024 * 1024;

/** How a picture will be decoded, as far as its header tells. */
export interface DecodePlan {
  readonly survey: Survey;
  /** Where the picture is shrunk: its size before and after, upright. */
  readonly shrink?: { readonly from: Size; readonly to: Size };
  /** Memory it takes until its pixels are let go, in bytes: the pixels, twice while they are handed over, and what a decoder keeps. */
  readonly memoryBytes: number;
  /** Pixels that a decoder has to make. */
  readonly pixels: number;
}

@Injectable()
export class ImageDecoder {
  private readonly buffers = new PixelBuffers();
  /** When each decoding that runs in this process began. */
  private readonly running = new Set<number>();

  constructor(
    private readonly config: Config,
    private readonly pool: DecoderPool = new DecoderPool(config),
  ) {
    setUpSharp();
  }

  /** How long the oldest decoding in this process has been running, in milliseconds. */
  get oldestMs(): number {
    const [oldest] = this.running;
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  /**
   * Looks at the file, and asks a decoder for its header where that does not tell enough.
   * @param minSide the longer side, in pixels, that is left at least of a picture that is shrunk
   * @throws AppError `image_undecodable`, `image_unsupported`, `image_too_many_pixels`, `deadline_exceeded`, `overloaded`
   */
  async plan(
    bytes: Uint8Array,
    field: string,
    minSide = Infinity,
    signal: AbortSignal = NEVER,
  ): Promise<DecodePlan> {
    const found = survey(bytes, field, this.config.imageMaxPixels);
    const { size, keptBytes, shrinksOnLoad } = found;
    // Of most pictures that are not shrunk no decoder needs to be asked: its answer takes a sixth of their decoding.
    if (size !== undefined && keptBytes !== undefined && !(shrinksOnLoad && shrinkFactor(size, minSide) > 1))
      return planOf(found, size, keptBytes);
    const header = found.isBounded ? await readHeader(found.encoded) : await this.headerApart(found, signal);
    const factor = header.shrinksOnLoad ? shrinkFactor(header.upright, minSide) : 1;
    return planOf(found, header.upright, keptBytes ?? header.keptBytes, factor);
  }

  /** Waits until a picture may be decoded: one that needs a process for it, for its turn. */
  async turn({ survey: { isBounded, encoded } }: DecodePlan, signal: AbortSignal): Promise<Turn | undefined> {
    return isBounded ? undefined : this.pool.turn(encoded.field, signal);
  }

  /**
   * Decodes a picture as planned: EXIF orientation applied, transparency laid on white, colours converted to sRGB,
   * 8 bits, three channels. The pixels are in shared memory, which a worker sees without a copy.
   * Settles only when the decoder has let go of its memory, whoever still waits.
   * @param turn ends with it
   * @param signal ends a decoder process when it aborts
   * @throws AppError `image_undecodable`, `image_too_many_pixels`, `deadline_exceeded`, `overloaded`
   */
  async start(plan: DecodePlan, turn: Turn | undefined, signal: AbortSignal): Promise<Image> {
    if (turn === undefined) return this.decodeHere(plan);
    try {
      return await this.decodeApart(plan, turn, signal);
    } finally {
      turn.end();
    }
  }

  /**
   * Plans, waits for a turn and decodes.
   * @param field the request field named in errors
   * @param signal gives up when it aborts
   */
  async decode(bytes: Uint8Array, field: string, signal: AbortSignal): Promise<Image> {
    if (signal.aborted) throw requestAborted(field, signal);
    const plan = await this.plan(bytes, field, Infinity, signal);
    return untilAborted(this.start(plan, await this.turn(plan, signal), signal), field, signal);
  }

  /** Lets another picture have the memory of one that nobody looks at any more. */
  release({ data }: Image): void {
    this.buffers.giveBack(data);
  }

  private async decodeHere({ survey: { encoded }, shrink }: DecodePlan): Promise<Image> {
    const startedAt = performance.now();
    this.running.add(startedAt);
    try {
      const timeoutSeconds = Math.min(3600, Math.ceil(this.config.requestTimeoutMs / 1000));
      const { width, height, data } = await decodePixels(encoded, shrink?.to, timeoutSeconds);
      return { width, height, data: await this.buffers.copy(data) };
    } finally {
      this.running.delete(startedAt);
    }
  }

  private async headerApart(found: Survey, signal: AbortSignal): Promise<Header> {
    const { field, bytes } = found.encoded;
    const turn = await this.pool.turn(field, signal);
    try {
      const process = await turn.process();
      const limits = limitsOf(bytes.byteLength, 0);
      const { answer } = await process.run(jobOf('header', found, limits), bytes, termsOf(limits, signal));
      if (answer.kind !== 'header') throw undecodable(field);
      assertSize(field, answer.header.upright, this.config.imageMaxPixels);
      return answer.header;
    } finally {
      turn.end();
    }
  }

  private async decodeApart(plan: DecodePlan, turn: Turn, signal: AbortSignal): Promise<Image> {
    const { survey: found, shrink, memoryBytes, pixels } = plan;
    const { field, bytes } = found.encoded;
    const process = await turn.process();
    const limits = limitsOf(memoryBytes, pixels);
    let room: Uint8Array | undefined;
    try {
      const { answer } = await process.run(jobOf('decode', found, limits, shrink?.to), bytes, {
        ...termsOf(limits, signal),
        roomFor: (size) => (room = this.buffers.take(Math.min(size, memoryBytes))),
      });
      if (answer.kind !== 'pixels' || room === undefined) throw undecodable(field);
      const { width, height } = answer.size;
      if (room.byteLength !== width * height * RGB) throw undecodable(field);
      return { width, height, data: room };
    } catch (error) {
      if (room !== undefined) this.buffers.giveBack(room);
      throw error;
    }
  }
}

const NEVER = new AbortController().signal;

function planOf(found: Survey, { width, height }: Size, keptBytes: number, factor = 1): DecodePlan {
  const from = { width, height };
  const to = { width: shrunk(width, factor), height: shrunk(height, factor) };
  const { encoded } = found;
  const output = to.width * to.height * RGB;
  return {
    survey: found,
    shrink: factor > 1 ? { from, to } : undefined,
    memoryBytes: output + Math.max(output, keptBytes) + (found.isBounded ? 0 : encoded.bytes.byteLength),
    pixels: Math.max(width * height, found.hiddenPixels ?? 0),
  };
}

function limitsOf(memoryBytes: number, pixels: number): JobLimits {
  return {
    memoryBytes: memoryBytes + SLACK_BYTES,
    cpuMs: BASE_CPU_MS + (pixels / 1e6) * CPU_MS_PER_MEGAPIXEL,
  };
}

function jobOf(task: DecoderJob['task'], { encoded }: Survey, limits: JobLimits, size?: Size): DecoderJob {
  const { bytes, ...rest } = encoded;
  return { task, encoded: rest, size, limits, bytes: bytes.byteLength };
}

function termsOf({ cpuMs }: JobLimits, signal: AbortSignal) {
  return {
    timeoutMs: cpuMs * TIMEOUT_FACTOR,
    signal,
    roomFor: (): Uint8Array => {
      throw new Error('pixels that nobody asked for');
    },
  };
}

/** By what a picture may be shrunk; 1 where it is too small for that. */
function shrinkFactor({ width, height }: Size, minSide: number): number {
  return SHRINK_FACTORS.find((factor) => Math.max(width, height) / factor >= minSide) ?? 1;
}

function shrunk(side: number, factor: number): number {
  return Math.max(1, Math.round(side / factor));
}

/** Stops waiting when the request ends; libvips itself cannot be stopped, only timed out. */
export function untilAborted<T>(work: Promise<T>, field: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(requestAborted(field, signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
