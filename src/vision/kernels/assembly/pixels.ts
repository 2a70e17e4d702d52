/**
 * The pixel loops, four pixels at a time: AssemblyScript, compiled to `dist/src/vision/kernels/pixels.wasm`.
 * `vision/lines.ts` copies the pixels here; `../host/planes.ts` and `../host/reduce.ts` copy the results out. An
 * address is a byte offset in this module's memory. Loads are 16 bytes wide, so `../kernels.ts` leaves room for that
 * after each buffer.
 */

/** The first free address. */
export const BASE: usize = (__heap_base + 15) & ~15;

export { average, halve } from './reduce';
export { turn } from './sample-turned';
export { blend } from './sample-upright';
