/** One picture's share of the service: it counts among the pictures that are worked on, and has memory to be decoded in. */
import { AppError } from '../errors.js';
import type { ByteBudget } from './byte-budget.js';
import { queueFull } from './job-queue.js';

/** How many pictures the service works on, and how many it may. */
export class PictureCount {
  private count = 0;

  /**
   * @param max pictures that may be decoded, wait or be analysed
   * @param maxQueue how many of them may wait; for the refusal's details
   */
  constructor(
    private readonly max: number,
    private readonly maxQueue: number,
  ) {}

  get used(): number {
    return this.count;
  }

  /** @throws AppError `overloaded` */
  assertRoom(): void {
    if (this.count >= this.max) throw queueFull(this.maxQueue);
  }

  enter(): void {
    this.count++;
  }

  leave(): void {
    this.count--;
  }
}

export class Reservation {
  private isCounted = false;
  private heldBytes = 0;
  private work: Promise<unknown> = Promise.resolve();

  /** @param signal ends the wait for memory when it aborts; its reason is thrown */
  constructor(
    private readonly pictures: PictureCount,
    private readonly pixels: ByteBudget,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Waits for memory, in place of what this picture held before; the first time the picture is counted, too.
   * @throws AppError `overloaded` when there are too many pictures, `image_too_many_pixels` when so many bytes can never be
   *   had
   */
  async acquire(bytes: number): Promise<void> {
    if (!this.isCounted) this.pictures.assertRoom();
    this.assertFits(bytes);
    if (!this.isCounted) this.pictures.enter();
    this.isCounted = true;
    // Two pictures that wait for each other's memory would wait forever.
    this.releaseBytes();
    await this.pixels.take(bytes, this.signal);
    this.heldBytes = bytes;
  }

  /** Nothing is given back before this work has ended: it uses the memory. */
  holdFor(work: Promise<unknown>): void {
    this.work = work;
  }

  /** Gives everything back, as soon as it is not used any more. */
  release(): void {
    const giveBack = (): void => {
      if (this.isCounted) this.pictures.leave();
      this.isCounted = false;
      this.releaseBytes();
    };
    void this.work.then(giveBack, giveBack);
  }

  private releaseBytes(): void {
    this.pixels.give(this.heldBytes);
    this.heldBytes = 0;
  }

  private assertFits(bytes: number): void {
    const { capacity } = this.pixels;
    if (bytes <= capacity) return;
    throw new AppError(
      'image_too_many_pixels',
      `The picture takes ${bytes} bytes of memory to decode, but this service has ${capacity} for all pictures together (half of MAX_BYTES_IN_FLIGHT): send a smaller one, or a JPEG that is not progressive.`,
      { memory_bytes: bytes, max_bytes: capacity },
    );
  }
}
