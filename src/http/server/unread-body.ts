/** Closes the connection of a caller that is answered while it is still sending. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isWaiting } from './expect-continue.js';

/** Up to this size, Node reads and drops the rest of an unread body after the response, which keeps the connection usable. */
const DRAINED_BYTES = 1024 * 1024;
/** How long the rest of a body is read and dropped before the connection is closed. */
const LINGER_MS = 2_000;

/** Handles the body of a request that may be answered before it has arrived completely, or without being read at all. */
export function leaveUnread(request: IncomingMessage, response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => ServerResponse;
  response.writeHead = (...head: unknown[]) => {
    if (hasMuchLeft(request)) closeGently(request, response);
    return writeHead(...head);
  };
}

/** Whether too much of the body is still to come to be worth reading, or an unknown amount. */
function hasMuchLeft(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding !== undefined) return true;
  return length !== undefined && (Number(length) > DRAINED_BYTES || isWaiting(request));
}

/**
 * Closes the connection after the response, but not at once. Closing a socket while the other side still sends resets it, and
 * the reset can overtake the response, so that the caller never learns the reason.
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
