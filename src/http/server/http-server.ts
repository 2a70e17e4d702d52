/** HTTP servers that do not wait for ever: for headers, for a body, for the next request. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Config } from '../../config/config.js';
import { awaitsContinue } from './expect-continue.js';
import { oneAtATime } from './one-at-a-time.js';
import { answerRefusals, refuseTarget } from './refusals.js';
import { leaveUnread } from './unread-body.js';

/** How often Node looks for requests that take too long; its own half a minute would stretch every time-out by as much. */
const CHECKING_INTERVAL_MS = 1_000;

/** A server with the time-outs of the settings, which answers everything that is no proper request with a problem document. */
export function createHttpServer(config: Config, listener: RequestListener): Server {
  const { httpHeadersTimeoutMs, httpReceiveTimeoutMs, httpKeepAliveTimeoutMs } = config;
  const server = createServer(
    {
      // Node refuses headers that may take longer than the request they belong to.
      headersTimeout: Math.min(httpHeadersTimeoutMs, httpReceiveTimeoutMs),
      requestTimeout: httpReceiveTimeoutMs,
      keepAliveTimeout: httpKeepAliveTimeoutMs,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
      // Node's own refusal has no body; ours is in `recordRequests`.
      requireHostHeader: false,
    },
    oneAtATime((request, response) => {
      if (!isTarget(request.url)) return refuseTarget(request);
      leaveUnread(request, response);
      listener(request, response);
    }),
  );
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    awaitsContinue(request);
    server.emit('request', request, response);
  });
  // No side has a reason to be silent for longer; a caller who does not read its answer would keep it in memory.
  server.timeout = config.httpReceiveTimeoutMs + config.requestTimeoutMs;
  answerRefusals(server);
  return server;
}

/** Whether a request asks for something that can be told from its first line; Express fails on the rest. */
function isTarget(target = ''): boolean {
  return target.startsWith('/') || target === '*' || URL.canParse(target);
}
