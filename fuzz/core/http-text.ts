/** Requests as steps of an exchange. */
import type { Step } from './exchange.js';

export const DETECT = '/v1/models/insightface:detect';
export const COMPARE = '/v1/models/insightface:compare';
export const BATCH = '/v1/models/insightface:batchDetect';

/** The request line and headers. Header values are sent unchanged. */
export function head(
  method: string,
  target: string,
  headers: Readonly<Record<string, string | number>>,
): Step {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return { text: `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n` };
}

/** A POST with the given body. */
export function post(
  target: string,
  type: string,
  body: Buffer | string,
  headers: Readonly<Record<string, string | number>> = {},
): Step[] {
  const sent = Buffer.from(body);
  return [
    head('POST', target, { 'Content-Type': type, 'Content-Length': sent.length, ...headers }),
    ...(sent.length === 0 ? [] : [{ base64: sent.toString('base64') }]),
  ];
}

/** A POST whose body consists of repeated pieces, so that a case with megabytes of data has a short file. */
export function postPieces(
  target: string,
  type: string,
  pieces: readonly { readonly text: string; readonly times?: number }[],
  headers: Readonly<Record<string, string | number>> = {},
): Step[] {
  const length = pieces.reduce((total, { text, times = 1 }) => total + text.length * times, 0);
  return [head('POST', target, { 'Content-Type': type, 'Content-Length': length, ...headers }), ...pieces];
}
