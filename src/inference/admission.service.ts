/**
 * Decides which requests and pictures may enter. Two things are limited for all requests together: the pictures that
 * are being decoded, are waiting for a worker or are being analysed, and the bytes held for them. Half of the bytes are
 * for request bodies and downloads, half for decoded pixels: if bodies could take all of them, the pictures inside
 * would wait for each other forever.
 */
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ByteBudget } from './byte-budget.js';
import { type Holding, IncomingBytes } from './incoming-bytes.js';
import { PictureCount, Reservation } from './reservation.js';

/** What the service holds at the moment. */
export interface AdmissionState {
  /** Pictures that are being decoded, are waiting for a worker or are being analysed. */
  readonly pictures: number;
  /** Bytes of request bodies and downloads. */
  readonly bodyBytes: number;
  /** Bytes of memory reserved for decoding pictures and holding their pixels. */
  readonly pixelBytes: number;
}

@Injectable()
export class Admission {
  private readonly incoming: IncomingBytes;
  private readonly pixels: ByteBudget;
  private readonly pictures: PictureCount;

  constructor(config: Config) {
    const workers = Math.max(config.inferenceMinWorkers, config.inferenceMaxWorkers);
    // Pictures beyond one per worker wait in the queue, unless the configuration makes free workers wait for full
    // batches.
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
   * Refuses a picture if the service is full. Call it before any work is spent on the picture.
   * @throws AppError `overloaded`
   */
  assertRoom(): void {
    this.pictures.assertRoom();
  }

  /**
   * Begins to count the bytes that a request brings: its body, or what is downloaded for it.
   * @param caller the caller whose share they count towards
   * @param announced bytes announced by a Content-Length: refused at once if there is no room for them, but not yet
   *   taken
   * @throws AppError `overloaded` if there is no room now, `body_too_large` if they exceed a caller's share
   */
  hold(caller: string, announced = 0): Holding {
    return this.incoming.hold(caller, announced);
  }

  /** A reservation for one picture, which holds nothing yet. @param signal ends its waits when it aborts */
  reserve(signal: AbortSignal): Reservation {
    return new Reservation(this.pictures, this.pixels, signal);
  }
}
