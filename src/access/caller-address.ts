/** The address that requests without a key are counted by. */
import ipaddr from 'ipaddr.js';
import { forwardedAddress } from '../http/server/forwarded-address.js';

/**
 * An IPv4 address as it is, however it is written; of an IPv6 address the network of 64 bits, as whoever has one of its
 * addresses has them all. What is no address is counted together.
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
