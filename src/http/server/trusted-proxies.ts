/** Whose word on the caller's address is taken: the value of Express's `trust proxy`. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../../errors.js';
import { forwardedAddress } from './forwarded-address.js';

/** The names that stand for ranges, as in Express. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Whether to believe what the proxy at an address says; `hop` 0 is the one that is connected to the service. */
export type Trust = (address: string | undefined, hop: number) => boolean;

/**
 * Addresses, ranges and their names; or how many proxies there are in front.
 * @throws AppError `invalid_configuration`
 */
export function trustedProxies(list: readonly string[]): Trust {
  const [first] = list;
  if (list.length === 1 && /^\d{1,2}$/.test(first)) return (_, hop) => hop < Number(first);
  if (!list.every((item) => Object.hasOwn(NAMES, item) || isNetwork(item))) {
    const names = Object.keys(NAMES).join(', ');
    throw new AppError(
      'invalid_configuration',
      `Invalid configuration: TRUSTED_PROXIES must be addresses, CIDR ranges, ${names}, or one number of proxies.`,
    );
  }
  const networks = list.flatMap((item) => NAMES[item] ?? [item]).map(networkOf);
  return (text) => {
    const address = forwardedAddress(text);
    return networks.some(
      ([network, bits]) => network.kind() === address?.kind() && address.match(network, bits),
    );
  };
}

/** An address or a range, written out: "1" would be one as well to a parser that knows the old forms. */
function isNetwork(text: string): boolean {
  return isIP(text.split('/')[0]) !== 0 && (ipaddr.isValid(text) || ipaddr.isValidCIDR(text));
}

/** Addresses that are IPv4 in the clothes of IPv6 are compared as IPv4. */
function networkOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes('/')) {
    const [network, bits] = ipaddr.parseCIDR(text);
    const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96;
    return isMapped ? [network.toIPv4Address(), bits - 96] : [network, bits];
  }
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
