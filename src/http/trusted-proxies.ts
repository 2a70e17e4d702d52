/** Whose word on the caller's address is taken: the value of Express's `trust proxy`. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../errors.js';

const NAMES = ['loopback', 'linklocal', 'uniquelocal'];

/**
 * Addresses, ranges and their names; or how many proxies there are in front.
 * @throws AppError `invalid_configuration`
 */
export function trustedProxies(list: readonly string[]): number | string[] {
  const [first] = list;
  if (list.length === 1 && /^\d{1,2}$/.test(first)) return Number(first);
  if (list.every((item) => NAMES.includes(item) || isNetwork(item))) return [...list];
  throw new AppError(
    'invalid_configuration',
    `Invalid configuration: TRUSTED_PROXIES must be addresses, CIDR ranges, ${NAMES.join(', ')}, or one number of proxies.`,
  );
}

/** An address or a range, written out: "1" would be one as well to a parser that knows the old forms. */
function isNetwork(text: string): boolean {
  return isIP(text.split('/')[0]) !== 0 && (ipaddr.isValid(text) || ipaddr.isValidCIDR(text));
}
