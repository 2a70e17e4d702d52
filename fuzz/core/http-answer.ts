/** Parses HTTP/1.1 responses from the bytes of a connection, as strictly as a distrustful caller. */

/** A complete response. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Everything received over a connection. */
export interface Heard {
  /** Complete responses, except 1xx. */
  readonly answers: readonly HttpAnswer[];
  /** Bytes after the last complete response. */
  readonly rest: Buffer;
}

const HEAD_END = '\r\n\r\n';

/**
 * Parses all responses.
 * @param closed whether the connection has ended, which also ends a body without a length
 * @param method method of the requests; responses to HEAD have no body
 */
export function hear(data: Buffer, closed: boolean, method: string): Heard {
  const answers: HttpAnswer[] = [];
  let rest = data;
  for (;;) {
    const one = first(rest, closed, method);
    if (one === undefined) return { answers, rest };
    rest = rest.subarray(one.length);
    if (one.answer.status >= 200) answers.push(one.answer);
  }
}

function first(
  data: Buffer,
  closed: boolean,
  method: string,
): { readonly answer: HttpAnswer; readonly length: number } | undefined {
  const end = data.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const [line, ...lines] = data.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})( |$)/.exec(line)?.[1]);
  if (Number.isNaN(status)) return undefined;
  const headers: Record<string, string> = {};
  for (const header of lines) {
    const colon = header.indexOf(':');
    headers[header.slice(0, colon).toLowerCase()] = header.slice(colon + 1).trim();
  }
  const start = end + HEAD_END.length;
  const found = bodyAt(data.subarray(start), closed, method, status, headers);
  if (found === undefined) return undefined;
  return { answer: { status, headers, body: found.body }, length: start + found.length };
}

function bodyAt(
  data: Buffer,
  closed: boolean,
  method: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): { readonly body: Buffer; readonly length: number } | undefined {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304)
    return { body: Buffer.alloc(0), length: 0 };
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') return chunked(data);
  const length = Number(headers['content-length'] ?? NaN);
  if (!Number.isNaN(length))
    return data.length < length ? undefined : { body: data.subarray(0, length), length };
  return closed ? { body: data, length: data.length } : undefined;
}

function chunked(data: Buffer): { readonly body: Buffer; readonly length: number } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = data.indexOf('\r\n', at);
    if (end === -1) return undefined;
    const size = Number.parseInt(data.toString('latin1', at, end), 16);
    const next = end + 2 + size + 2;
    if (Number.isNaN(size) || next > data.length) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), length: next };
    chunks.push(data.subarray(end + 2, end + 2 + size));
    at = next;
  }
}
