/** The address by which requests without a key are counted. */
import ipaddr from 'ipaddr.js';
import { forwardedAddress } from '../http/server/forwarded-address.js';

/**
 * The normalised IPv4 address, or the 64-bit network of an IPv6 address: whoever has one address of such a network has all of
 * them. Everything that is not an address is counted together.
 */
export function countedAddress(text: string | undefined): string {
  const address = forwardedAddress(text);
  if (address === undefined) return 'unknown';
  if (address instanceof ipaddr.IPv4) return address.toString();
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
