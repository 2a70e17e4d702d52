/** How the heaps of the main thread and of the workers grow. ADR 14 has the measurements (`npm run bench:heaps`). */
import { setFlagsFromString } from 'node:v8';

/** How many MiB a worker's heap may hold, pixels and tensors included, before V8 first collects garbage in all of it. */
const FIRST_LIMIT_MIB = 64;
/** How far a heap may grow, in per cent of what was alive after the last collection, before V8 collects again. */
const GROWTH_PERCENT = 200;

/**
 * Lets heaps allocate more between two garbage collections. V8 counts bodies, pixels and tensors towards the heap, but sets
 * the heap's limit by the objects that are alive, which are few. By default it marks the whole heap of a worker every third
 * picture, and that of the main thread every third large photo, on four helper threads of its own. The `resourceLimits` of a
 * worker set only the largest size of its heap.
 *
 * The first limit applies to threads that start from now on, the growth to all threads, this one included.
 */
export function letHeapsGrow(): void {
  setFlagsFromString(`--initial-old-space-size=${FIRST_LIMIT_MIB}`);
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
