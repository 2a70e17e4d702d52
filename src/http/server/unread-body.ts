/** Ends the connection of a caller who is answered while it is still sending. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isWaiting } from './expect-continue.js';

/** The unread rest of a body is read and dropped by Node after the answer up to this size, which keeps the connection. */
const DRAINED_BYTES = 1024 * 1024;
/** How long what a caller goes on sending is dropped before the connection is cut. */
const LINGER_MS = 2_000;

/** Looks after the body of a request that may be answered before all of it has come, or without a look at it. */
export function leaveUnread(request: IncomingMessage, response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = (...head: unknown[]) => {
    if (hasMuchLeft(request)) closeGently(request, response);
    return writeHead(...head);
  };
}

/** Whether more is to come than is worth the connection, or nobody knows how much. */
function hasMuchLeft(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding !== undefined) return true;
  return length !== undefined && (Number(length) > DRAINED_BYTES || isWaiting(request));
}

/**
 * Ends the connection after the answer, but not at once: to close a socket while the other side still sends resets it, and
 * a reset can overtake the answer, so that the caller never reads why.
 */
function closeGently(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Connection', 'close');
  request.unpipe();
  request.resume();
  const { socket } = request;
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
}
