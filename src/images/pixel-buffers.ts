/**
 * Reuses the memory of decoded pictures: allocating fresh memory takes ten times as long as copying into it. The memory is
 * shared, because the pixels go to a worker, and because V8 would count other buffers towards its heaps.
 */
import { setImmediate } from 'node:timers/promises';

/** Maximum memory kept for later pictures. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** Bytes copied at a time: copying this many into fresh memory blocks the thread for some milliseconds. */
const PART_BYTES = 8 * 1024 * 1024;

export class PixelBuffers {
  /** Buffers not in use, smallest first. */
  private readonly free: SharedArrayBuffer[] = [];

  /** Memory for that many bytes of pixels. It is not reused before it is given back. */
  take(bytes: number): Uint8Array {
    return new Uint8Array(this.takeBuffer(bytes), 0, bytes);
  }

  /** Copies pixels in parts, with other work in between. */
  async copy(pixels: Uint8Array): Promise<Uint8Array> {
    const copy = this.take(pixels.byteLength);
    for (let at = 0; at < pixels.byteLength; at += PART_BYTES) {
      if (at > 0) await setImmediate();
      copy.set(pixels.subarray(at, at + PART_BYTES), at);
    }
    return copy;
  }

  /** Gives memory back for reuse. Call it once, when no thread uses the pixels any more. If it is not called, the memory is garbage-collected. */
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
    // The new buffer replaces the largest: there are never more buffers than were in use at the same time.
    this.free.pop();
    return new SharedArrayBuffer(bytes);
  }
}
