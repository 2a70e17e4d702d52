/** Which thread goes first where cores are short. */
import { setPriority } from 'node:os';

/** How far a worker stands back (`nice`, 0…19). */
const NICENESS = 5;

/**
 * Lets this thread stand back behind the main thread: refusals, health checks and what feeds the workers come from there.
 * On Linux alone a priority is a thread's; elsewhere it would be that of the whole process.
 */
export function standBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(NICENESS);
  } catch {
    // A sandbox may forbid it, and a worker works without.
  }
}
