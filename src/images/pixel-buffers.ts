/**
 * The memory of decoded pictures, used again and again: fresh memory costs ten times the copy into it. It is shared, as
 * pixels cross to a worker and V8, which counts all else towards a heap, need not know of what is never garbage.
 */
import { setImmediate } from 'node:timers/promises';

/** How much is kept for later pictures, in bytes. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** Copied at a time: fresh memory takes some milliseconds for so many, and others wait for this thread. */
const PART_BYTES = 8 * 1024 * 1024;

export class PixelBuffers {
  /** Those that nobody uses, from the smallest to the largest. */
  private readonly free: SharedArrayBuffer[] = [];

  /** Room for so many bytes of pixels. Nobody else gets its memory before it is given back. */
  take(bytes: number): Uint8Array {
    return new Uint8Array(this.takeBuffer(bytes), 0, bytes);
  }

  /** A copy of some pixels, made in parts between which other work is done. */
  async copy(pixels: Uint8Array): Promise<Uint8Array> {
    const copy = this.take(pixels.byteLength);
    for (let at = 0; at < pixels.byteLength; at += PART_BYTES) {
      if (at > 0) await setImmediate();
      copy.set(pixels.subarray(at, at + PART_BYTES), at);
    }
    return copy;
  }

  /** Gives memory back. Call it once, when no thread looks at the pixels any more; those it is not called for are garbage. */
  giveBack({ buffer }: Uint8Array): void {
    if (!(buffer instanceof SharedArrayBuffer)) return;
    const kept = this.free.reduce((sum, { byteLength }) => sum + byteLength, buffer.byteLength);
    if (kept > MAX_KEPT_BYTES) return;
    const larger = this.free.findIndex(({ byteLength }) => byteLength > buffer.byteLength);
    this.free.splice(larger === -1 ? this.free.length : larger, 0, buffer);
  }

  private takeBuffer(bytes: number): SharedArrayBuffer {
    const fitting = this.free.findIndex(({ byteLength }) => byteLength >= bytes);
    if (fitting !== -1) return this.free.splice(fitting, 1)[0];
    // In place of the largest there is: there are never more than were in use at the same time.
    this.free.pop();
    return new SharedArrayBuffer(bytes);
  }
}
