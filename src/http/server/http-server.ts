/** HTTP servers that never wait indefinitely for headers, a body or the next request. */
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

/** How often Node checks for requests that take too long. Its default of 30 s would lengthen each time-out by up to as much. */
const CHECKING_INTERVAL_MS = 1_000;

/** Creates a server with the configured time-outs. It answers invalid requests with a problem document. */
export function createHttpServer(config: Config, listener: RequestListener): Server {
  const { httpHeadersTimeoutMs, httpReceiveTimeoutMs, httpKeepAliveTimeoutMs } = config;
  const server = createServer(
    {
      // Node rejects a headers time-out that is longer than the request time-out.
      headersTimeout: Math.min(httpHeadersTimeoutMs, httpReceiveTimeoutMs),
      requestTimeout: httpReceiveTimeoutMs,
      keepAliveTimeout: httpKeepAliveTimeoutMs,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
      // Node's own refusal has no body; `recordRequests` refuses such requests instead.
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
  // Neither side has a reason to be silent for longer. A caller that does not read its response would keep it in memory.
  server.timeout = config.httpReceiveTimeoutMs + config.requestTimeoutMs;
  answerRefusals(server);
  return server;
}

/** Whether the target in the request line is valid. Express fails on anything else. */
function isTarget(target = ''): boolean {
  return target.startsWith('/') || target === '*' || URL.canParse(target);
}
