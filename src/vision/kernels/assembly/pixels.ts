/**
 * The loops over pixels, four at a time: AssemblyScript, compiled to `dist/src/vision/kernels/pixels.wasm`. `../lines.ts` brings
 * the pixels here, `../planes.ts` and `../reduce.ts` take the results away; an address is a byte offset in this module's
 * memory. Loads are 16 bytes wide, so whoever lays out the memory leaves as much room behind each buffer.
 */

/** The first address that is free. */
export const BASE: usize = (__heap_base + 15) & ~15;

export { average, halve } from './reduce';
export { turn } from './sample-turned';
export { blend } from './sample-upright';
