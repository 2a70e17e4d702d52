/** An address as proxies pass it on: X-Forwarded-For has no standard, and some write ports, brackets and quotes. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** `[2001:db8::1]:443`, `203.0.113.7:4711`, and the same as RFC 7239 puts it: `for="[2001:db8::1]:443"`. */
const WITH_PORT = /^(?:\[([^[\]]+)\]|([^:]+))(?::\d{1,5})?$/;

/** The address alone, IPv4 wherever it is one, without port and zone; undefined for what is none. */
export function forwardedAddress(text: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (text === undefined) return undefined;
  const bare = text
    .trim()
    .replace(/^for=/i, '')
    .replace(/^"(.*)"$/, '$1')
    .trim();
  const [, bracketed, plain] = WITH_PORT.exec(bare) ?? [];
  const [address] = (bracketed ?? plain ?? bare).split('%');
  // Node's check is stricter than the parser, which also takes `1` and `0x7f.1` for addresses.
  return isIP(address) === 0 ? undefined : ipaddr.process(address);
}
