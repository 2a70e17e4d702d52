/** Parses an address as proxies forward it: X-Forwarded-For has no standard, and some proxies write ports, brackets and quotes. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `[2001:db8::1]:443` and `203.0.113.7:4711`, also in the form of RFC 7239: `for="[2001:db8::1]:443"`. */
const WITH_PORT = /^(?:\[([^[\]]+)\]|([^:]+))(?::\d{1,5})?$/;

/** The address without port and zone, and as IPv4 if it is an IPv4-mapped one; undefined if the text is not an address. */
export function forwardedAddress(text: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (text === undefined) return undefined;
  const bare = text
    .trim()
    .replace(/^for=/i, '')
    .replace(/^"(.*)"$/, '$1')
    .trim();
  const [, bracketed, plain] = WITH_PORT.exec(bare) ?? [];
  const [address] = (bracketed ?? plain ?? bare).split('%');
  // Node's check is stricter than the parser, which also accepts `1` and `0x7f.1` as addresses.
  return isIP(address) === 0 ? undefined : ipaddr.process(address);
}
