/** Which proxies are trusted to report the caller's address: the value of Express's `trust proxy`. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../../errors.js';
import { forwardedAddress } from './forwarded-address.js';

/** Names for address ranges, as in Express. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Whether to trust the proxy at an address. `hop` 0 is the one connected to the service. */
export type Trust = (address: string | undefined, hop: number) => boolean;

/**
 * @param list addresses, ranges and names of ranges; or the number of proxies in front
 * @throws AppError `invalid_configuration`
 */
export function trustedProxies(list: readonly string[]): Trust {
  const [first] = list;
  if (list.length === 1 && /^\d{1,2}$/.test(first)) return (_, hop) => hop < Number(first);
  if (!list.every((item) => Object.hasOwn(NAMES, item) || isNetwork(item))) {
    const names = Object.keys(NAMES).join(', ');
    throw new AppError(
      'invalid_configuration',
      `Invalid configuration: TRUSTED_PROXIES must list addresses, CIDR ranges or the names ${names}, or be a single number of proxies.`,
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

/** Whether the text is an address or a range, written out in full: ipaddr.js alone would also accept old forms such as "1". */
function isNetwork(text: string): boolean {
  return isIP(text.split('/')[0]) !== 0 && (ipaddr.isValid(text) || ipaddr.isValidCIDR(text));
}

/** The network and its prefix length. IPv4-mapped IPv6 addresses are compared as IPv4. */
function networkOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (text.includes('/')) {
    const [network, bits] = ipaddr.parseCIDR(text);
    const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96;
    return isMapped ? [network.toIPv4Address(), bits - 96] : [network, bits];
  }
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
