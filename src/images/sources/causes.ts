/**
 * The causes of a failed download, for the operator's log: names, codes, statuses and hosts. Messages are left out, because
 * they may hold URLs with signatures, keys and account numbers.
 */

/** Deep enough for the layers that libraries wrap around a socket error. */
const MAX_CAUSES = 8;
/** What a name or code looks like. Anything else may come from the other side. */
const NAME = /^[\w.:[\]/-]{1,128}$/;

/** The error and its causes, outermost first, such as `["Error ECONNREFUSED connect 10.0.0.5 9000"]`. */
export function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  const waiting = [error];
  while (waiting.length > 0 && causes.length < MAX_CAUSES) {
    const next = waiting.shift();
    if (typeof next !== 'object' || next === null) continue;
    causes.push(summaryOf(next as Readonly<Record<string, unknown>>));
    const { cause, errors } = next as { cause?: unknown; errors?: unknown };
    if (Array.isArray(errors)) waiting.push(...(errors as unknown[]).slice(0, MAX_CAUSES));
    waiting.push(cause);
  }
  return causes;
}

/** The code of a system, TLS, HTTP or zlib error, even if a library has wrapped it. */
export function codeOfCause(error: unknown): string | undefined {
  let next = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof next === 'object' && next !== null; depth++) {
    const { code, cause } = next as { code?: unknown; cause?: unknown };
    if (typeof code === 'string' && NAME.test(code)) return code;
    next = cause;
  }
  return undefined;
}

/** The name of an error, if it looks like one. */
export function nameOf(error: unknown): string {
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
  return typeof name === 'string' && NAME.test(name) ? name : 'unknown error';
}

function summaryOf(error: Readonly<Record<string, unknown>>): string {
  const { code, syscall, hostname, address, port, $metadata } = error;
  const { httpStatusCode, requestId } = ($metadata ?? {}) as Readonly<Record<string, unknown>>;
  const facts = [code, syscall, address ?? hostname, port, httpStatusCode, requestId]
    .filter((fact) => typeof fact === 'string' || typeof fact === 'number')
    .map(String)
    .filter((fact) => NAME.test(fact));
  return [nameOf(error), ...facts].join(' ');
}
