/** Answers what Node's HTTP server itself refuses, before there is a request, with problem documents like everything else. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Logger } from '@nestjs/common';
import { AppError, type ErrorCode } from '../../errors.js';
import { toProblem } from '../problems/problem.js';

const logger = new Logger('Http');

/** The problems behind the error codes of Node's server. */
const PROBLEMS_OF_NODE: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    'request_timeout',
    'The request did not arrive in time: send it faster, or send a smaller one.',
  ],
  HPE_HEADER_OVERFLOW: [
    'headers_too_large',
    'The URL and headers of the request are too long: shorten them.',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    'body_too_large',
    'The request body has chunk extensions that are too long: leave them out.',
  ],
};
const NOT_HTTP = [
  'malformed_request',
  'The data received is not a valid HTTP/1.1 request: check the client and the port.',
] as const;

/** Installs the listeners that answer refused requests. */
export function answerRefusals(server: Server): void {
  /** The response to the last request of each connection. It goes out before a refusal. */
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    answers.set(request.socket, response);
  });
  /** Refused connections. Whatever else arrives over them is dropped. */
  const refused = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code !== 'ECONNRESET' && refused.has(socket)) return;
    refused.add(socket);
    const answer = answers.get(socket);
    // The previous request is complete and its response is on the way: it must not suffer from what follows.
    if (answer?.req.complete === true && !answer.writableFinished && !answer.destroyed)
      answer.once('close', () => refuse(socket, reasonOf(error)));
    else if (error.code === 'ECONNRESET' || answer?.headersSent === true) socket.destroy();
    else refuse(socket, reasonOf(error), answer?.getHeader('x-request-id'));
  });
  server.on('checkExpectation', (request: IncomingMessage) =>
    refuse(
      request.socket,
      new AppError(
        'expectation_failed',
        'The only supported expectation is 100-continue: leave out the Expect header.',
      ),
    ),
  );
  server.on('connect', (_: IncomingMessage, socket: Duplex) =>
    refuse(
      socket,
      new AppError(
        'malformed_request',
        'This service is not a proxy and does not support CONNECT: send the request to its own URL.',
      ),
    ),
  );
}

/** Refuses a request whose target is neither a path nor a URL. */
export function refuseTarget({ socket }: IncomingMessage): void {
  refuse(
    socket,
    new AppError(
      'malformed_request',
      'The request target is neither a path nor a URL: send one such as /v1/models.',
    ),
  );
}

function reasonOf({ code = '', message }: NodeJS.ErrnoException): AppError {
  const [problem, detail] = PROBLEMS_OF_NODE[code] ?? NOT_HTTP;
  return new AppError(problem, detail, {}, { cause: message });
}

/** Writes the problem to a connection and closes it. */
function refuse(socket: Duplex, error: AppError, id: unknown = randomUUID()): void {
  if (!socket.writable) return void socket.destroy();
  const problem = toProblem(error, String(id));
  const body = JSON.stringify(problem);
  logger.log(`Refused: ${problem.title}`, { code: problem.code, status: problem.status, request_id: id });
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${problem.request_id}`,
    `Date: ${new Date().toUTCString()}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () =>
    setTimeout(() => socket.destroy(), LINGER_MS).unref(),
  );
}

/** The caller may still be sending. Closing at once would reset the connection before the response is read. */
const LINGER_MS = 500;
