/** Ends the connection of a caller who is refused while it is still sending. */
import type { Request, Response } from 'express';

/** How long what a caller goes on sending is dropped before the connection is cut. */
const LINGER_MS = 2_000;

/**
 * Ends the connection after the answer, but not at once: to close a socket while the other side still sends resets it, and
 * a reset can overtake the answer, so that the caller never reads why.
 */
export function closeGently(request: Request, response: Response): void {
  response.setHeader('Connection', 'close');
  request.unpipe();
  request.resume();
  const { socket } = request;
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
}
