/** A request that was made to hurt, and what is known of its answer. */
import type { Exchange, Step } from '../core/exchange.js';
import type { Expectation } from '../core/judge-replies.js';

/** What an idea for a request makes. */
export interface CraftedRequest extends Exchange, Expectation {
  /** Whether a normal picture must be answered meanwhile. */
  readonly bystander?: boolean;
}

/** How long a caller waits who has sent something that need not be answered. */
const BRIEFLY_MS = 400;

/** What breaks the rules of HTTP: an answer need not come, but one that comes is held to the rules. */
export function broken(steps: readonly Step[], more: Partial<CraftedRequest> = {}): CraftedRequest {
  return { steps, leaveAfterMs: BRIEFLY_MS, ...more };
}

/** Text as bytes of UTF-8, for steps whose characters are bytes. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}
