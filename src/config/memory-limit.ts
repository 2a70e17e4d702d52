/** How much memory this process may use: the cgroup's limit, where there is one, or what the machine has. */
import { totalmem } from 'node:os';

/** Bytes. */
export function memoryLimit(constrained: number | undefined = process.constrainedMemory()): number {
  // Without a limit, some kernels report an absurdly large one and others 0.
  return constrained === undefined || constrained === 0 ? totalmem() : Math.min(constrained, totalmem());
}
