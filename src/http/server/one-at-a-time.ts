/** Serves the requests of a connection one after the other: their responses have to go out in that order anyway. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Node emits all requests that have arrived at once. Thousands of short requests, sent without waiting for responses, would
 * be served in a single turn of the event loop and block all other callers.
 */
export function oneAtATime(serve: RequestListener): RequestListener {
  const last = new WeakMap<Socket, ServerResponse>();
  return (request: IncomingMessage, response: ServerResponse & { req: IncomingMessage }): void => {
    const { socket } = request;
    const before = last.get(socket);
    last.set(socket, response);
    if (before === undefined || before.closed) serve(request, response);
    else before.once('close', () => setImmediate(next));
    function next(): void {
      // Requests of a closed connection are dropped.
      if (!socket.destroyed) serve(request, response);
    }
  };
}
