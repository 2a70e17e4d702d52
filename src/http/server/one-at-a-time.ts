/** Serves the requests of a connection one after the other, as their answers have to go out in that order anyway. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Node hands over everything that has arrived at once: thousands of short requests that are sent without waiting for an
 * answer would all be served in one turn, in which nobody else is.
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
      // A connection that is gone takes with it what it has sent.
      if (!socket.destroyed) serve(request, response);
    }
  };
}
