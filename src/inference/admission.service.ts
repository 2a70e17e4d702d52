/**
 * Who is let in. Two things are limited for all requests together: the pictures that are worked on or wait for a worker,
 * and the bytes that are held for them. Half of the bytes is for what comes in, half for pixels: if bodies could take all,
 * the pictures in them would wait for each other for ever.
 */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import { ByteBudget } from './byte-budget.js';
import { type BytesRefusal, type Holding, IncomingBytes } from './incoming-bytes.js';

/** Why a request was turned away: too many wait, too many bytes are held, or its own could never fit. */
export type RefusalReason = 'queue' | BytesRefusal;

/** What is held, and what was refused since the start. */
export interface AdmissionState {
  /** Pictures that are decoded, wait for a worker or are analysed. */
  readonly pictures: number;
  /** Bytes of request bodies and downloads. */
  readonly bodyBytes: number;
  /** Bytes of memory that decoded pictures take. */
  readonly pixelBytes: number;
  readonly refusals: Readonly<Record<RefusalReason, number>>;
}

/** One picture's share of the service. */
export interface Place {
  /**
   * Waits for memory, in place of what this picture held before; the first time it also takes one of the places.
   * @throws AppError `overloaded` when there is no place, `image_too_many_pixels` when so many bytes can never be had
   */
  take(bytes: number): Promise<void>;
  /** Work that uses the memory: nothing is given back before it has ended. */
  keepFor(work: Promise<unknown>): void;
  /** Gives everything back, as soon as it is not used any more. */
  free(): void;
}

@Injectable()
export class Admission {
  private readonly incoming: IncomingBytes;
  private readonly pixels: ByteBudget;
  private readonly maxPictures: number;
  private readonly maxQueue: number;
  private readonly refusals: Record<RefusalReason, number> = { queue: 0, bytes: 0, too_large: 0 };
  private pictures = 0;

  constructor(config: Config) {
    const workers = Math.max(config.inferenceMinWorkers, config.inferenceMaxWorkers);
    this.maxQueue = config.inferenceMaxQueue;
    // A batch is made of what waits, unless a free worker waits for it to fill.
    const perWorker = config.inferenceBatchWaitMs > 0 ? config.inferenceMaxBatch : 1;
    this.maxPictures = workers * perWorker + this.maxQueue;
    const half = Math.floor(config.maxBytesInFlight / 2);
    const share = Math.min(half, Math.max(Math.floor(half / 2), config.maxBodyBytes));
    this.incoming = new IncomingBytes(half, share, (reason) => this.refusals[reason]++);
    this.pixels = new ByteBudget(half);
  }

  get state(): AdmissionState {
    return {
      pictures: this.pictures,
      bodyBytes: this.incoming.used,
      pixelBytes: this.pixels.used,
      refusals: { ...this.refusals },
    };
  }

  /**
   * Refuses early: call before any work is spent on a request.
   * @throws AppError `overloaded`
   */
  assertRoom(): void {
    if (this.pictures < this.maxPictures) return;
    this.refusals.queue++;
    throw new AppError('overloaded', 'All workers are busy and the queue is full; try again later.', {
      queued: this.maxQueue,
      retry_after_seconds: 1,
    });
  }

  /**
   * Begins to count the bytes that a request brings: its body, or what is downloaded for it.
   * @param caller whose share they count towards
   * @param announced bytes that are said to come: refused at once where there is no room for them, but not taken
   * @throws AppError `overloaded` when too much is held, `body_too_large` when so much can never be
   */
  hold(caller: string, announced = 0): Holding {
    return this.incoming.hold(caller, announced);
  }

  /** A place for one picture; nothing is taken yet. */
  place(signal: AbortSignal): Place {
    let entered = false;
    let held = 0;
    let work: Promise<unknown> = Promise.resolve();
    const giveBack = (): void => {
      this.pixels.give(held);
      held = 0;
    };
    return {
      take: async (bytes) => {
        if (!entered) this.assertRoom();
        this.assertFits(bytes);
        if (!entered) this.pictures++;
        entered = true;
        // To wait while holding something others wait for could last for ever.
        giveBack();
        await this.pixels.take(bytes, signal);
        held = bytes;
      },
      keepFor: (more) => {
        work = more;
      },
      free: () => {
        const leave = (): void => {
          if (entered) this.pictures--;
          entered = false;
          giveBack();
        };
        void work.then(leave, leave);
      },
    };
  }

  private assertFits(bytes: number): void {
    const { capacity } = this.pixels;
    if (bytes <= capacity) return;
    this.refusals.too_large++;
    throw new AppError(
      'image_too_many_pixels',
      `The picture takes ${bytes} bytes of memory to decode, but this service has ${capacity} for all pictures together (half of MAX_BYTES_IN_FLIGHT): send a smaller one, or a JPEG that is not progressive.`,
      { memory_bytes: bytes, max_bytes: capacity },
    );
  }
}
