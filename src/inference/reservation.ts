/** One picture's share of the service: its place among the pictures being worked on, and the memory to decode it in. */
import { AppError } from '../errors.js';
import type { ByteBudget } from './byte-budget.js';
import { queueFull } from './job-queue.js';

/** Counts the pictures that the service works on, and limits them. */
export class PictureCount {
  private count = 0;

  /**
   * @param max pictures that may be in the service at once: being decoded, waiting or being analysed
   * @param maxQueue how many of them may wait; reported in the details of a refusal
   */
  constructor(
    private readonly max: number,
    private readonly maxQueue: number,
  ) {}

  get used(): number {
    return this.count;
  }

  /** @throws AppError `overloaded` if there is no room for another picture */
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
   * Waits for memory, which replaces what this picture held before. The first call also counts the picture.
   * @throws AppError `overloaded` if there are too many pictures, `image_too_many_pixels` if the picture needs more
   *   memory than there is for all pictures together
   */
  async acquire(bytes: number): Promise<void> {
    if (!this.isCounted) this.pictures.assertRoom();
    this.assertFits(bytes);
    if (!this.isCounted) this.pictures.enter();
    this.isCounted = true;
    // A picture must not hold memory while it waits for more: two such pictures could wait for each other forever.
    this.releaseBytes();
    await this.pixels.take(bytes, this.signal);
    this.heldBytes = bytes;
  }

  /** Delays `release` until this work has ended, because it uses the memory. */
  holdFor(work: Promise<unknown>): void {
    this.work = work;
  }

  /** Gives everything back as soon as it is no longer in use. */
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
