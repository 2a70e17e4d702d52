/** Answers `Expect: 100-continue` when the service is ready to read the body, not before. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const waiting = new WeakSet<IncomingMessage>();

/** Notes that the caller waits for permission to send its body. */
export function awaitsContinue(request: IncomingMessage): void {
  waiting.add(request);
}

/** Whether the caller still waits. It has sent none of its body, and may never do so. */
export function isWaiting(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/** Tells the caller to send its body, if it waits for that. */
export function continueBody(request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request)) response.writeContinue();
}
