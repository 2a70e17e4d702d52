/** How the heaps of the main thread and of the workers grow. */
import { setFlagsFromString } from 'node:v8';

/** How much the heap of a worker may hold, pixels and tensors included, before V8 looks for what is dead the first time. */
const FIRST_LIMIT_MIB = 64;
/** By how much a heap may grow, in per cent of what was alive, before V8 looks again. */
const GROWTH_PERCENT = 200;

/**
 * Lets heaps allocate more between two garbage collections. V8 counts bodies, pixels and tensors towards the heap, yet works
 * out its limit from the objects that are alive, and these are few: it marked the whole heap of a worker every third picture
 * and that of the main thread every third large photo, on four helper threads of its own. `resourceLimits` of a worker know
 * a heap's greatest size only.
 *
 * The first limit is that of threads that start from now on; the growth is that of all threads, this one included.
 */
export function letHeapsGrow(): void {
  setFlagsFromString(`--initial-old-space-size=${FIRST_LIMIT_MIB}`);
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
