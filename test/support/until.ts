/** Waiting in tests. */

/** A little less than Jest's time-out, which would not say what did not happen. */
const LIMIT_MS = 55_000;

/** Waits until a condition holds. The test fails if it never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`This never held: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
