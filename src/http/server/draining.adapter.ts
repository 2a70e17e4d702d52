/**
 * The HTTP side of a stop that loses no accepted request.
 *
 * Node alone would not do: its server closes idle connections at the very moment a caller may be using one again, and
 * waits for ever for one that was opened and never used, for its own time-outs end with `close()`.
 */
import type { RequestListener, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Config } from '../../config/config.js';
import { createHttpServer } from './http-server.js';

/** How long a connection without a request is kept after the last one was taken: its request may be on the way. */
const UNUSED_MS = 500;
const LOOK_MS = 50;

/**
 * From the stop signal on every answer says `Connection: close`, so that callers open their next connection where the
 * load balancer sends them. When Nest closes the server, requests that were accepted are waited for, until their
 * deadline at most; what is then left of the connections is closed.
 */
export class DrainingAdapter extends ExpressAdapter {
  private readonly unanswered = new Set<ServerResponse>();
  private draining = false;

  constructor(private readonly config: Config) {
    super();
  }

  /** Nest itself passes no options on to Node's server. */
  override initHttpServer(): void {
    const serve = this.getInstance<RequestListener>();
    this.httpServer = createHttpServer(this.config, (request, response) => {
      this.unanswered.add(response);
      response.once('close', () => this.unanswered.delete(response));
      if (this.draining) sayGoodbye(response);
      serve(request, response);
    });
  }

  /** Nest calls this at the stop signal. */
  override beforeClose(): void {
    super.beforeClose();
    this.draining = true;
    this.unanswered.forEach(sayGoodbye);
  }

  /** Nest calls this when the drain window is over. Resolves when the last connection is closed. */
  override async close(): Promise<void> {
    const started = performance.now();
    const look = setInterval(() => {
      const waitedMs = performance.now() - started;
      const limitMs = UNUSED_MS + (this.unanswered.size > 0 ? this.config.requestTimeoutMs : 0);
      if (waitedMs > limitMs) this.httpServer.closeAllConnections();
    }, LOOK_MS);
    await super.close();
    clearInterval(look);
  }
}

function sayGoodbye(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
