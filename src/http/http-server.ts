/** HTTP servers that do not wait for ever: for headers, for a body, for the next request, or for callers when they stop. */
import { type RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Config } from '../config/config.js';

/** How often Node looks for requests that take too long; its own half a minute would stretch every time-out by as much. */
const CHECKING_INTERVAL_MS = 1_000;

/**
 * A server with the time-outs of the settings. Node answers what is late with 408 and closes the connection. A stop
 * waits for answers that are owed, and for nothing else: Node itself would also wait for connections that never asked,
 * and after an answer for the next request.
 */
export class HttpServer extends Server {
  /** Connections without a request so far. */
  private readonly silent = new Set<Socket>();

  constructor(config: Config, listener: RequestListener) {
    const { httpHeadersTimeoutMs, httpReceiveTimeoutMs, httpKeepAliveTimeoutMs } = config;
    super({
      // Node refuses headers that may take longer than the request they belong to.
      headersTimeout: Math.min(httpHeadersTimeoutMs, httpReceiveTimeoutMs),
      requestTimeout: httpReceiveTimeoutMs,
      keepAliveTimeout: httpKeepAliveTimeoutMs,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    });
    this.on('connection', (socket: Socket) => {
      this.silent.add(socket);
      socket.once('close', () => this.silent.delete(socket));
    });
    this.on('request', (request, response) => {
      this.silent.delete(request.socket);
      response.once('finish', () => {
        if (!this.listening) request.socket.destroySoon();
      });
      listener(request, response);
    });
  }

  override close(callback?: (error?: Error) => void): this {
    super.close(callback);
    for (const socket of this.silent) socket.destroy();
    return this;
  }
}

/** Nest's adapter for Express, on such a server: Nest itself passes no options on. */
export class HttpAdapter extends ExpressAdapter {
  constructor(private readonly config: Config) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = new HttpServer(this.config, this.getInstance<RequestListener>());
  }
}
