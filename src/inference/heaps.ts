/** Sets how the heaps of the main thread and of the workers grow. Measurements: ADR 14, `npm run bench:heaps`. */
import { setFlagsFromString } from 'node:v8';

/** MiB that a worker's heap may hold, pixels and tensors included, before V8's first full garbage collection. */
const FIRST_LIMIT_MIB = 64;
/** How far a heap may grow before the next full collection, in per cent of what survived the last one. */
const GROWTH_PERCENT = 200;

/**
 * Lets heaps allocate more between two garbage collections. V8 counts bodies, pixels and tensors towards the heap, but
 * sets the heap's limit by the live objects alone, which are few. By default it therefore marks the whole heap of a
 * worker every third picture, and that of the main thread every third large photo, on four helper threads of its own. A
 * worker's `resourceLimits` cannot change this: they set only the maximum size of its heap.
 *
 * The first limit applies to threads started from now on, the growth to all threads, including this one.
 */
export function letHeapsGrow(): void {
  setFlagsFromString(`--initial-old-space-size=${FIRST_LIMIT_MIB}`);
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
