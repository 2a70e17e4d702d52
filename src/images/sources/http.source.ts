/** Downloads a picture over http or https: with one deadline, a byte limit, few redirects, and only from allowed addresses. */
import { isUtf8 } from 'node:buffer';
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { type AppError } from '../../errors.js';
import { currentRequest } from '../../telemetry/scope.js';
import { AddressPolicy } from '../address-policy.js';
import { codeOfCause } from './causes.js';
import { connectionFailure, downloadFailed } from './download-failed.js';
import { type ByteCount, type ReadBounds, readCapped, transfer } from './transfer.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Maximum number of interim responses (1xx). One or two are usual; each costs time, and nothing else bounds them. */
const MAX_INTERIM_RESPONSES = 16;
/** Allowance for headers and the framing of a chunked body, on top of the body itself. */
const FRAMING_SHARE = 0.25;
const FRAMING_BYTES = 256 * 1024;
const HEADERS = {
  accept: 'image/*',
  // Pictures are already compressed.
  'accept-encoding': 'identity',
  'user-agent': 'face-analysis-service',
};

@Injectable()
export class HttpSource implements OnApplicationShutdown {
  // Each connection serves one download: callers choose the hosts, so there is little to reuse and no reason to keep
  // connections open. The agents remember TLS sessions. Proxies from the environment are not used: they would resolve names
  // out of reach of the address policy.
  private readonly httpAgent = new HttpAgent({ keepAlive: false });
  private readonly httpsAgent = new HttpsAgent({ keepAlive: false });

  constructor(
    private readonly config: Config,
    private readonly policy: AddressPolicy,
  ) {}

  onApplicationShutdown(): void {
    this.httpAgent.destroy();
    this.httpsAgent.destroy();
  }

  /**
   * @param field the request field named in errors
   * @param bytes counts the bytes that are kept
   * @throws AppError `download_failed`, `address_forbidden`, `image_too_large`, `deadline_exceeded`, and what `bytes` throws
   */
  load(url: string, field: string, request: AbortSignal, bytes?: ByteCount): Promise<Uint8Array> {
    const { urlTimeoutMs, imageMaxBytes: maxBytes } = this.config;
    const download = (signal: AbortSignal): Promise<Uint8Array> =>
      this.download(parseUrl(url, field), { maxBytes, field, signal, bytes });
    return transfer(field, request, urlTimeoutMs, download, (error) => explain(error, field));
  }

  private async download(start: URL, bounds: ReadBounds): Promise<Uint8Array> {
    const { field } = bounds;
    let url = start;
    for (let redirects = 0; redirects <= this.config.urlMaxRedirects; redirects++) {
      const response = await this.get(url, bounds);
      const status = response.statusCode ?? 0;
      if (!REDIRECTS.has(status)) return this.read(response, status, bounds);
      // Its body is not needed; this also closes the socket.
      response.destroy();
      url = redirectTarget(url, response.headers.location, field);
    }
    throw downloadFailed(
      field,
      `it was redirected more than ${this.config.urlMaxRedirects} times; use the final URL`,
    );
  }

  /** Sends one request, to an allowed address only, and waits for the head of the response. */
  private get(url: URL, { field, signal, maxBytes }: ReadBounds): Promise<IncomingMessage> {
    this.policy.checkLiteral(url, field);
    const lookup = this.policy.lookup(field);
    const headers = { ...HEADERS, ...currentRequest()?.traceHeaders };
    return new Promise((resolve, reject) => {
      const outgoing =
        url.protocol === 'https:'
          ? requestHttps(url, { agent: this.httpsAgent, headers, lookup, signal })
          : requestHttp(url, { agent: this.httpAgent, headers, lookup, signal });
      let response: IncomingMessage | undefined;
      const fail = (error: Error): void => {
        // Destroy the response with the error: destroying the request alone would look like the end of the body to its
        // reader. Errors after the end of a body do not matter.
        if (response === undefined) outgoing.destroy();
        else if (!response.complete) response.destroy(error);
        reject(error);
      };
      outgoing.once('response', (received) => resolve((response = received)));
      outgoing.on('error', fail);
      // Node hands over a connection whose protocol was switched, and emits no error if there is no listener.
      outgoing.once('upgrade', (_, socket) => {
        socket.destroy();
        fail(downloadFailed(field, 'the server switched to another protocol (status 101); check the URL'));
      });
      outgoing.once('close', () => reject(new Error('closed without a response')));
      boundFraming(outgoing, maxBytes, () =>
        fail(
          downloadFailed(
            field,
            'the server sends too much protocol data around the picture; check the server',
          ),
        ),
      );
      outgoing.end();
    });
  }

  private async read(response: IncomingMessage, status: number, bounds: ReadBounds): Promise<Uint8Array> {
    if (status !== 200) {
      response.destroy();
      throw downloadFailed(
        bounds.field,
        `the server answered with status ${status}; check that the URL is right, has not expired and needs no sign-in`,
      );
    }
    const { 'content-encoding': coding, 'content-length': length } = response.headers;
    const announced = length === undefined ? undefined : Number(length);
    return readCapped(response, { announced, coding }, bounds);
  }
}

/** Detects a response that is mostly framing: endless interim responses, or a few bytes of body between kilobytes of chunk headers. */
function boundFraming(outgoing: ClientRequest, maxBytes: number, onExcess: () => void): void {
  let interim = 0;
  let received = 0;
  const maxReceived = maxBytes * (1 + FRAMING_SHARE) + FRAMING_BYTES;
  outgoing.on('information', () => {
    if (++interim > MAX_INTERIM_RESPONSES) onExcess();
  });
  outgoing.once('socket', (socket) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.byteLength;
      if (received > maxReceived) onExcess();
    });
  });
}

/** Parses a caller's URL, as a browser would. Messages never repeat it: it may hold a signature. */
function parseUrl(text: string, field: string): URL {
  if (!URL.canParse(text))
    throw downloadFailed(field, 'it is not a valid URL; send an absolute http, https or s3 URL');
  return checkUrl(new URL(text), field);
}

/**
 * The target of a redirect. A downgrade from https to http is refused: a caller that asks for https must not get a picture that
 * somebody on the network could have replaced.
 * @param header the `Location` header as Node gives it: one character per byte
 */
export function redirectTarget(from: URL, header: string | undefined, field: string): URL {
  const location = header === undefined ? '' : asUtf8(header).trim();
  if (location === '' || !URL.canParse(location, from.href)) {
    throw downloadFailed(field, 'the server redirected without saying where; use the final URL');
  }
  const target = checkUrl(new URL(location, from), field);
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw downloadFailed(field, 'the server redirected from https to http; use a URL that stays on https');
  }
  return target;
}

function checkUrl(url: URL, field: string): URL {
  if (url.protocol === 'data:')
    throw downloadFailed(field, 'a data: URL cannot be downloaded; send its content as base64 instead');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw downloadFailed(field, `it leads to a ${url.protocol} URL; only http, https and s3 are supported`);
  }
  if (url.username !== '' || url.password !== '') {
    throw downloadFailed(
      field,
      'the URL holds a user name or password; use one that needs none, such as a presigned URL',
    );
  }
  return url;
}

/** Some servers do not percent-encode URLs. Browsers, too, read such bytes as UTF-8. */
function asUtf8(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
}

/** The error for a failed connection. It holds codes only, never a host or URL. */
function explain(error: unknown, field: string): AppError {
  const code = codeOfCause(error) ?? 'no response';
  return downloadFailed(field, `${connectionFailure(code)}; ${remedyFor(code)}`, error);
}

function remedyFor(code: string): string {
  if (code === 'ECONNREFUSED') return 'check the host and the port in the URL';
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code))
    return 'the server needs a valid certificate from a known authority';
  if (code.startsWith('HPE_')) return 'check the port in the URL, and the server';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'check the server or try again';
  return 'check that the URL can be reached from outside';
}
