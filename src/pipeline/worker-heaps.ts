/** How the heaps of worker threads grow. */
import { setFlagsFromString } from 'node:v8';

/** How much a heap may hold, pixels and tensors included, before V8 looks for what is dead. */
const FIRST_LIMIT_MIB = 64;

/**
 * Lets worker threads that start from now on allocate more between two garbage collections. V8 counts the pixels and
 * tensors that a picture goes through towards the heap, and the limit it starts from is so low that it marked the whole
 * heap of a worker every third picture, on four helper threads of its own: a fifth of all CPU time of the service.
 * `resourceLimits` of a worker know a heap's greatest size only.
 */
export function letHeapsGrow(): void {
  setFlagsFromString(`--initial-old-space-size=${FIRST_LIMIT_MIB}`);
}
