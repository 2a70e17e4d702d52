/** Tells a caller who waits for leave to send its body (`Expect: 100-continue`) to go on, once it is to be read. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const waiting = new WeakSet<IncomingMessage>();

/** Notes that the caller waits. */
export function awaitsContinue(request: IncomingMessage): void {
  waiting.add(request);
}

/** Whether the caller still waits: it has sent nothing of its body, and may never do so. */
export function isWaiting(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/** Lets the caller send its body, if it waits for that. */
export function continueBody(request: IncomingMessage, response: ServerResponse): void {
  if (waiting.delete(request)) response.writeContinue();
}
