/** Downloads a picture over http or https: one deadline, a byte cap, few redirects, and only addresses the policy allows. */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { type AppError } from '../../errors.js';
import { currentRequest } from '../../telemetry/scope.js';
import { AddressPolicy } from '../address-policy.js';
import { downloadFailed, readCapped, transfer } from './transfer.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const HEADERS = {
  accept: 'image/*',
  // A compressed body would have to be unpacked under a cap of its own; pictures gain nothing from it.
  'accept-encoding': 'identity',
  'user-agent': 'face-analysis-service',
};

@Injectable()
export class HttpSource implements OnApplicationShutdown {
  // A connection serves one download: hosts are the callers' choice, so there is little to reuse and less to keep open.
  // The agents remain for the TLS sessions they remember. Proxies of the environment are not used: they would
  // resolve names where the address policy cannot see it.
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
   * @throws AppError `download_failed`, `address_forbidden`, `image_too_large`, `deadline_exceeded`
   */
  load(url: string, field: string, request: AbortSignal): Promise<Uint8Array> {
    const download = (signal: AbortSignal): Promise<Uint8Array> =>
      this.download(parseUrl(url, field), field, signal);
    return transfer(field, request, this.config.urlTimeoutMs, download, (error) => explain(error, field));
  }

  private async download(start: URL, field: string, signal: AbortSignal): Promise<Uint8Array> {
    let url = start;
    for (let redirects = 0; redirects <= this.config.urlMaxRedirects; redirects++) {
      const response = await this.get(url, field, signal);
      const status = response.statusCode ?? 0;
      if (!REDIRECTS.has(status)) return this.read(response, status, field, signal);
      // Its body has no use; the socket goes with it.
      response.destroy();
      url = redirectTarget(url, response.headers.location, field);
    }
    throw downloadFailed(
      field,
      `it was redirected more than ${this.config.urlMaxRedirects} times; use the final URL`,
    );
  }

  /** Sends one request, to an allowed address only, and waits for the head of the response. */
  private get(url: URL, field: string, signal: AbortSignal): Promise<IncomingMessage> {
    this.policy.checkLiteral(url, field);
    const lookup = this.policy.lookup(field);
    const headers = { ...HEADERS, ...currentRequest()?.traceHeaders };
    return new Promise((resolve, reject) => {
      const outgoing =
        url.protocol === 'https:'
          ? requestHttps(url, { agent: this.httpsAgent, headers, lookup, signal })
          : requestHttp(url, { agent: this.httpAgent, headers, lookup, signal });
      outgoing.once('response', resolve);
      // Stays for errors after the response too; those reach the reader of the body as well.
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  private async read(
    response: IncomingMessage,
    status: number,
    field: string,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { 'content-encoding': encoding, 'content-length': length } = response.headers;
    const refusal =
      status !== 200
        ? `the server answered with status ${status}; check that the URL is right, has not expired and needs no sign-in`
        : encoding !== undefined && encoding.toLowerCase() !== 'identity'
          ? 'the server compressed the picture although asked not to; serve it without a content encoding'
          : undefined;
    if (refusal !== undefined) {
      response.destroy();
      throw downloadFailed(field, refusal);
    }
    const announced = length === undefined ? undefined : Number(length);
    return readCapped(response, announced, this.config.imageMaxBytes, field, signal);
  }
}

/** Parses what the caller wrote. The text is never repeated in a message: it may hold a signature. */
export function parseUrl(text: string, field: string): URL {
  if (!URL.canParse(text))
    throw downloadFailed(field, 'it is not a valid URL; send an absolute http, https or s3 URL');
  return checkUrl(new URL(text), field);
}

/**
 * Where a redirect leads. A step down from https to http is refused: who asked for https gets no picture that
 * anybody on the way could have exchanged.
 */
export function redirectTarget(from: URL, location: string | undefined, field: string): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
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
    throw downloadFailed(field, 'a data: URL is no address; send its content as base64 instead');
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

/** Words for what a socket can end in; host names and codes only, never a URL. */
function explain(error: unknown, field: string): AppError {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
  return downloadFailed(field, reasonFor(code), error);
}

function reasonFor(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'ENODATA') {
    return `the name of its host could not be resolved (${code}); check the host in the URL`;
  }
  if (code === 'ECONNREFUSED')
    return 'its host refused the connection; check the host and the port in the URL';
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code)) {
    return `no secure connection could be made (${code}); the server needs a valid certificate from a known authority`;
  }
  if (code.startsWith('HPE_')) return `the server does not speak HTTP (${code}); check the port in the URL`;
  if (code === 'ECONNRESET')
    return 'the connection broke off before the picture was complete; check the server or try again';
  return `the connection failed (${code}); check that the URL can be reached from outside`;
}
