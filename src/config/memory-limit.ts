/** How much memory this process may use: the cgroup's limit, if there is one, or all of the machine's memory. */
import { totalmem } from 'node:os';

/** The limit in bytes. */
export function memoryLimit(constrained: number | undefined = process.constrainedMemory()): number {
  // If there is no limit, some kernels report an absurdly large one and others 0.
  return constrained === undefined || constrained === 0 ? totalmem() : Math.min(constrained, totalmem());
}
