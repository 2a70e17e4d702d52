/** HTTP servers that do not wait for ever: for headers, for a body, for the next request of a kept connection. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Config } from '../config/config.js';

/** How often Node looks for requests that take too long; its own half a minute would stretch every time-out by as much. */
const CHECKING_INTERVAL_MS = 1_000;

/** A server with the time-outs of the settings. Node answers what is late with 408 and closes the connection. */
export function createHttpServer(config: Config, listener: RequestListener): Server {
  const { httpHeadersTimeoutMs, httpReceiveTimeoutMs, httpKeepAliveTimeoutMs } = config;
  return createServer(
    {
      // Node refuses headers that may take longer than the request they belong to.
      headersTimeout: Math.min(httpHeadersTimeoutMs, httpReceiveTimeoutMs),
      requestTimeout: httpReceiveTimeoutMs,
      keepAliveTimeout: httpKeepAliveTimeoutMs,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    },
    listener,
  );
}

/** Nest's adapter for Express, on such a server: Nest itself passes no options on. */
export class HttpAdapter extends ExpressAdapter {
  constructor(private readonly config: Config) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = createHttpServer(this.config, this.getInstance<RequestListener>());
  }
}
