/** The compiled pixel loops of `assembly/` and their memory; each thread has its own. */
import { readFileSync } from 'node:fs';

/** The exports of the module; its source documents the arguments. */
interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** Where free memory begins. */
  readonly BASE: { readonly value: number };
  halve(source: number, stride: number, target: number, columns: number, whole: number, rows: number): void;
  average(
    source: number,
    stride: number,
    lines: number,
    line: number,
    target: number,
    factor: number,
    whole: number,
    rest: number,
  ): void;
  blend(
    length: number,
    columns: number,
    columnTable: number,
    rows: number,
    rowTable: number,
    line: number,
    target: number,
    planes: number,
  ): void;
  turn(
    source: number,
    stride: number,
    left: number,
    top: number,
    width: number,
    height: number,
    columns: number,
    rows: number,
    target: number,
    planes: number,
    ...map: [a: number, b: number, c: number, d: number, e: number, f: number]
  ): void;
}

const PAGE_BYTES = 65536;
const ALIGNMENT = 16;
/**
 * How far the kernels may access memory beyond a buffer: they load and store 16 bytes at a time, and eight floats of a
 * line.
 */
const ROOM_BYTES = 32;

export const kernels = load(new URL('./pixels.wasm', import.meta.url));

/** The same memory as bytes, as integers and as floats. */
let views = viewsOf(kernels.memory.buffer);

/**
 * Lays out buffers in the kernels' memory. Each call reuses the memory of the call before, so callers lay out, fill,
 * run and read without awaiting anything.
 * @param sizes of the buffers in bytes
 * @returns their addresses, each a multiple of ALIGNMENT
 */
export function layOut(...sizes: readonly number[]): number[] {
  let end = kernels.BASE.value;
  const addresses = sizes.map((size) => {
    const address = end;
    // Not by bit operations: they would make addresses of more than 31 bits negative.
    end = Math.ceil((end + size + ROOM_BYTES) / ALIGNMENT) * ALIGNMENT;
    return address;
  });
  const missing = end - kernels.memory.buffer.byteLength;
  if (missing > 0) {
    kernels.memory.grow(Math.ceil(missing / PAGE_BYTES));
    views = viewsOf(kernels.memory.buffer);
  }
  return addresses;
}

/** Views of the memory, valid until the next `layOut`. */
export function kernelMemory(): Readonly<typeof views> {
  return views;
}

function viewsOf(buffer: ArrayBuffer) {
  return {
    bytes: new Uint8Array(buffer),
    integers: new Uint32Array(buffer),
    floats: new Float32Array(buffer),
  };
}

function load(url: URL): Kernels {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(url)));
  return exports as unknown as Kernels;
}
