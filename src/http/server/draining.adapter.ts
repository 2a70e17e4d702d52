/**
 * The HTTP side of a shutdown that loses no accepted request.
 *
 * Node alone does not provide this. Its server closes idle connections at the very moment a caller may be reusing one. It
 * also waits indefinitely for a connection that was opened but never used, because its time-outs end with `close()`.
 */
import type { RequestListener, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Config } from '../../config/config.js';
import { createHttpServer } from './http-server.js';

/** How long an unused connection is kept once no more are accepted: its first request may be on the way. */
const UNUSED_MS = 500;
const CHECK_INTERVAL_MS = 50;

/**
 * From the stop signal on, every response says `Connection: close`, so that callers open their next connection wherever the
 * load balancer sends them. When Nest closes the server, it waits for accepted requests, at most until their deadline.
 * Connections that are still open then are closed.
 */
export class DrainingAdapter extends ExpressAdapter {
  private readonly unanswered = new Set<ServerResponse>();
  private draining = false;

  constructor(private readonly config: Config) {
    super();
  }

  /** Replaces Nest's method, which passes no options to Node's server. */
  override initHttpServer(): void {
    const serve = this.getInstance<RequestListener>();
    this.httpServer = createHttpServer(this.config, (request, response) => {
      this.unanswered.add(response);
      response.once('close', () => this.unanswered.delete(response));
      if (this.draining) announceClose(response);
      serve(request, response);
    });
  }

  /** Nest calls this at the stop signal. */
  override beforeClose(): void {
    super.beforeClose();
    this.draining = true;
    this.unanswered.forEach(announceClose);
  }

  /** Nest calls this at the end of the drain period. Resolves when the last connection is closed. */
  override async close(): Promise<void> {
    const started = performance.now();
    const check = setInterval(() => {
      const waitedMs = performance.now() - started;
      const limitMs = UNUSED_MS + (this.unanswered.size > 0 ? this.config.requestTimeoutMs : 0);
      if (waitedMs > limitMs) this.httpServer.closeAllConnections();
    }, CHECK_INTERVAL_MS);
    await super.close();
    clearInterval(check);
  }
}

function announceClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
