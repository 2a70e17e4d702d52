/** Which part of the service a path belongs to. Every path not listed here is part of the API, and guarded like it. */

export type Surface = 'health' | 'docs' | 'metrics' | 'api';

/** Matching ignores case, as Express does. */
const SURFACES: readonly (readonly [Surface, RegExp])[] = [
  ['health', /^\/-(\/|$)/i],
  ['docs', /^\/docs(-json|-yaml)?(\/|$)/i],
  ['metrics', /^\/metrics(\/|$)/i],
];

/** @param path the path of a request or a route, without the query */
export function surfaceOf(path: string): Surface {
  return SURFACES.find(([, pattern]) => pattern.test(path))?.[0] ?? 'api';
}
