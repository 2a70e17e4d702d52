/** Pixels that several threads read. */
import type { Image } from '../vision/image.js';

/** A copy of a picture that all threads see. */
export function shared(image: Image, memory = new SharedArrayBuffer(image.data.byteLength)): Image {
  const data = new Uint8Array(memory, 0, image.data.byteLength);
  data.set(image.data);
  return { ...image, data };
}

/**
 * Shared memory that is lent and used again. What is new costs ten times as much as filling it, page by page; and what is
 * dropped stays for long, as V8 does not count shared memory when it decides whether to look for what is dead.
 */
export class SharedMemory {
  private readonly spare: SharedArrayBuffer[] = [];

  /** At least so many bytes, with whatever is in them. */
  take(bytes: number): SharedArrayBuffer {
    const memory = this.spare.pop();
    // Too small a piece makes room for a larger one. Powers of two: that does not happen often.
    return memory !== undefined && memory.byteLength >= bytes
      ? memory
      : new SharedArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
  }

  /** Takes memory back that no thread uses any more. */
  give(memory: SharedArrayBuffer): void {
    this.spare.push(memory);
  }
}
