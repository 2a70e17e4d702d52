/** Which threads go first when cores are scarce. */
import { setPriority } from 'node:os';

/** How much the priority of a worker is lowered (`nice`, 0…19). */
const NICENESS = 5;

/**
 * Lowers the priority of this thread below the main thread's, which answers refusals and health checks and feeds the
 * workers. Only Linux has priorities of threads; elsewhere this would lower the whole process.
 */
export function lowerPriority(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(NICENESS);
  } catch {
    // A sandbox may forbid it; workers run without it too.
  }
}
