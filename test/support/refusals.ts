/** Work that is refused, and callers that wait for it. */
import { AppError } from '../../src/errors.js';

/** The signal of a caller that never leaves: it never aborts. */
export const patient = new AbortController().signal;

/** The AppError that work ends in. The test fails if it ends in anything else, or succeeds. */
export async function refusalOf(work: () => unknown): Promise<AppError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}
