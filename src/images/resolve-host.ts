/**
 * Resolves names without using a thread. The system's own resolver occupies one of the two threads that libuv has for slow
 * work until the name server answers, and cannot be stopped: a few names with a silent server would block all downloads.
 */
import { type LookupAddress, lookup, promises } from 'node:dns';
import { promisify } from 'node:util';

/** Two attempts, the second with a longer time-out: it gives up after at most 5 s. */
const SYSTEM_SERVERS = new promises.Resolver({ timeout: 1_500, tries: 2 });
const lookUp = promisify(lookup);

/**
 * Asks the name servers configured in the system. Names that only the system knows (/etc/hosts, search domains) are internal,
 * so the system's resolver is asked only if internal addresses may be reached at all.
 * @throws the error of the name server, with its `code`
 */
export async function resolveHost(
  hostname: string,
  mayBeInternal: boolean,
  resolver = SYSTEM_SERVERS,
): Promise<LookupAddress[]> {
  const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = [...found(four, 4), ...found(six, 6)];
  if (addresses.length > 0) return addresses;
  const failure: unknown = four.status === 'rejected' ? four.reason : new Error('no address');
  const { code } = failure as { code?: unknown };
  if (!mayBeInternal || code === 'ETIMEOUT') throw failure;
  return lookUp(hostname, { all: true });
}

function found(outcome: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return outcome.status === 'fulfilled' ? outcome.value.map((address) => ({ address, family })) : [];
}
