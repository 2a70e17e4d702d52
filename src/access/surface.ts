/** Which part of the service a path belongs to. What is not named here is the API, and as well guarded. */

export type Surface = 'health' | 'docs' | 'metrics' | 'api';

/** Routes match in any case, as Express matches them. */
const SURFACES: readonly (readonly [Surface, RegExp])[] = [
  ['health', /^\/-(\/|$)/i],
  ['docs', /^\/docs(-json|-yaml)?(\/|$)/i],
  ['metrics', /^\/metrics(\/|$)/i],
];

/** @param path the path of a request or a route, without the query */
export function surfaceOf(path: string): Surface {
  return SURFACES.find(([, pattern]) => pattern.test(path))?.[0] ?? 'api';
}
