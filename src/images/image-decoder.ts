/**
 * Encoded bytes → upright 8-bit RGB pixels in shared memory. A picture whose header bounds its decoding cost is decoded in
 * this process, on sharp's threads; any other in a decoder process, which can be ended (docs/adr/0011).
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
 * Factors by which a picture may be shrunk while it is decoded. Integer factors keep it sharp and are the cheapest. From 4 on,
 * libjpeg and libwebp skip work; below that, a smaller picture takes as long as the full one.
 */
const SHRINK_FACTORS = [8, 4];

/** CPU time that a decoder process may use: a base for any picture, plus time for its pixels. */
const BASE_CPU_MS = 1_000;
const CPU_MS_PER_MEGAPIXEL = 200;
/** The process is ended after this multiple of its CPU time has passed on the clock: it may have to share the CPU. */
const TIMEOUT_FACTOR = 4;
/** Memory that a decoder process may use beyond what was admitted: tables, and what the allocator does not return. */
const SLACK_BYTES = 48 * 1024 * 1024;

/** How a picture will be decoded. */
export interface DecodePlan {
  readonly survey: Survey;
  /** The upright size before and after; undefined if the picture is not shrunk. */
  readonly shrink?: { readonly from: Size; readonly to: Size };
  /** Bytes of memory it takes until its pixels are released: the pixels, twice while they are copied, and what a decoder keeps. */
  readonly memoryBytes: number;
  /** Pixels that a decoder has to produce. */
  readonly pixels: number;
}

@Injectable()
export class ImageDecoder {
  private readonly buffers = new PixelBuffers();
  /** Start times of the decodings running in this process. */
  private readonly running = new Set<number>();

  constructor(
    private readonly config: Config,
    private readonly pool: DecoderPool = new DecoderPool(config),
  ) {
    setUpSharp();
  }

  /** Milliseconds that the oldest decoding in this process has been running. */
  get oldestMs(): number {
    const [oldest] = this.running;
    return oldest === undefined ? 0 : performance.now() - oldest;
  }

  /**
   * Surveys the file, and has a decoder read the header if the survey does not tell enough.
   * @param minSide minimum length in pixels of the longer side of a shrunk picture
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
    // Most pictures that are not shrunk need no decoder here: reading the header takes a sixth of the decoding time.
    if (size !== undefined && keptBytes !== undefined && !(shrinksOnLoad && shrinkFactor(size, minSide) > 1))
      return planOf(found, size, keptBytes);
    const header = found.isBounded ? await readHeader(found.encoded) : await this.headerApart(found, signal);
    const factor = header.shrinksOnLoad ? shrinkFactor(header.upright, minSide) : 1;
    return planOf(found, header.upright, keptBytes ?? header.keptBytes, factor);
  }

  /** Waits for a turn at a decoder process; resolves at once to undefined if the picture needs none. */
  async turn({ survey: { isBounded, encoded } }: DecodePlan, signal: AbortSignal): Promise<Turn | undefined> {
    return isBounded ? undefined : this.pool.turn(encoded.field, signal);
  }

  /**
   * Decodes a picture as planned: EXIF orientation applied, transparency on white, colours converted to sRGB, 8 bits, three
   * channels. The pixels are in shared memory, which a worker reads without a copy. Settles only when the decoder has freed
   * its memory, even if the caller no longer waits.
   * @param turn ends when the decoding does
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

  /** Releases the memory of a picture that nothing uses any more. */
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
      throw new Error('The decoder process sent pixels instead of a header.');
    },
  };
}

/** The factor to shrink a picture by; 1 if it is too small to be shrunk. */
function shrinkFactor({ width, height }: Size, minSide: number): number {
  return SHRINK_FACTORS.find((factor) => Math.max(width, height) / factor >= minSide) ?? 1;
}

function shrunk(side: number, factor: number): number {
  return Math.max(1, Math.round(side / factor));
}

/** Waits for the work, but no longer than the request. libvips itself cannot be stopped, only timed out. */
export function untilAborted<T>(work: Promise<T>, field: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(requestAborted(field, signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
