/** A malicious request, and what is known about its answer. */
import type { Exchange, Step } from '../core/exchange.js';
import type { Expectation } from '../core/judge-replies.js';

/** A generated request. */
export interface CraftedRequest extends Exchange, Expectation {
  /** Whether a normal picture must be answered meanwhile. */
  readonly bystander?: boolean;
}

/** How long a caller waits after sending something that need not be answered. */
const BRIEFLY_MS = 400;

/** A request that violates HTTP. It need not be answered, but an answer must follow the rules. */
export function broken(steps: readonly Step[], more: Partial<CraftedRequest> = {}): CraftedRequest {
  return { steps, leaveAfterMs: BRIEFLY_MS, ...more };
}

/** Encodes text as UTF-8, for steps in which each character is a byte. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}
