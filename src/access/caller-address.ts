/** The address that requests without a key are counted by. */
import ipaddr from 'ipaddr.js';

/**
 * An IPv4 address as it is, however it is written; of an IPv6 address the network of 64 bits, as whoever has one of its
 * addresses has them all.
 */
export function countedAddress(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
