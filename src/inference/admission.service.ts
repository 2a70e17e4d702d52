/**
 * Decides who may enter. Two things are limited for all requests together: the pictures that are decoded, analysed or wait for
 * a worker, and the bytes that are held for them. Half of the bytes is for what is received, half for pixels: if bodies could
 * take all of them, the pictures inside would wait for each other forever.
 */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ByteBudget } from './byte-budget.js';
import { type Holding, IncomingBytes } from './incoming-bytes.js';
import { PictureCount, Reservation } from './reservation.js';

/** What is held now. */
export interface AdmissionState {
  /** Pictures that are decoded, wait for a worker or are analysed. */
  readonly pictures: number;
  /** Bytes of request bodies and downloads. */
  readonly bodyBytes: number;
  /** Bytes of memory that decoded pictures take. */
  readonly pixelBytes: number;
}

@Injectable()
export class Admission {
  private readonly incoming: IncomingBytes;
  private readonly pixels: ByteBudget;
  private readonly pictures: PictureCount;

  constructor(config: Config) {
    const workers = Math.max(config.inferenceMinWorkers, config.inferenceMaxWorkers);
    // A batch is made of what waits, unless a free worker waits for it to fill.
    const perWorker = config.inferenceBatchWaitMs > 0 ? config.inferenceMaxBatch : 1;
    const { inferenceMaxQueue: maxQueue } = config;
    this.pictures = new PictureCount(workers * perWorker + maxQueue, maxQueue);
    const half = Math.floor(config.maxBytesInFlight / 2);
    const share = Math.min(half, Math.max(Math.floor(half / 2), config.maxBodyBytes));
    this.incoming = new IncomingBytes(half, share);
    this.pixels = new ByteBudget(half);
  }

  get state(): AdmissionState {
    return { pictures: this.pictures.used, bodyBytes: this.incoming.used, pixelBytes: this.pixels.used };
  }

  /**
   * Refuses early: call it before any work is spent on a request.
   * @throws AppError `overloaded`
   */
  assertRoom(): void {
    this.pictures.assertRoom();
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

  /** A reservation for one picture, which holds nothing yet. @param signal ends its waits */
  reserve(signal: AbortSignal): Reservation {
    return new Reservation(this.pictures, this.pixels, signal);
  }
}
