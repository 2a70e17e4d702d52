/** Which addresses image URLs may reach: the public internet, and what the operator allows besides. Guards against SSRF. */
import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Injectable } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

/** The only IPv6 block handed out for the public internet; the rest is special, unassigned, or hides an IPv4 address. */
const GLOBAL_UNICAST: Range = [ipaddr.parse('2000::'), 3];
/** Names on an IPv6-only network resolve into this block; its last four bytes are the IPv4 address that is reached. */
const NAT64: Range = [ipaddr.parse('64:ff9b::'), 96];

/**
 * Judges IP addresses. Names are judged by what they resolve to, at the moment of connecting: `lookup` hands the
 * socket only addresses it has judged, so a name cannot change its answer between the check and the connection.
 */
@Injectable()
export class AddressPolicy {
  private readonly allowed: readonly Range[];

  /** @throws AppError `invalid_configuration` when URL_ALLOWED_ADDRESSES holds something else than addresses and ranges */
  constructor(config: Config) {
    this.allowed = config.urlAllowedAddresses.map(parseRange);
  }

  /** True when a connection to this IP address is allowed. */
  allows(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === undefined) return false;
    const target = embeddedIPv4(parsed) ?? parsed;
    if (this.allowed.some((range) => inRange(parsed, range) || inRange(target, range))) return true;
    return target.range() === 'unicast' && (target.kind() === 'ipv4' || inRange(target, GLOBAL_UNICAST));
  }

  /**
   * Refuses a URL whose host is a forbidden IP literal: sockets never look literals up, so `lookup` cannot see them.
   * @param url parsed by WHATWG rules, which write every spelling of an IPv4 address as four decimals
   * @throws AppError `address_forbidden`
   */
  checkLiteral(url: URL, field: string): void {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.allows(host)) throw addressForbidden(field);
  }

  /** The `lookup` of a socket: resolves a name and passes on only allowed addresses, or fails with `address_forbidden`. */
  lookup(field: string): LookupFunction {
    return (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error !== null) return callback(error, []);
        const [first, ...others] = addresses.filter(({ address }) => this.allows(address));
        if (first === undefined) return callback(addressForbidden(field), []);
        if (options.all === true) return callback(null, [first, ...others]);
        callback(null, first.address, first.family);
      });
    };
  }
}

/** The IPv4 address that is really reached through an IPv4-mapped or NAT64 address. */
function embeddedIPv4(address: Address): ipaddr.IPv4 | undefined {
  if (!(address instanceof ipaddr.IPv6)) return undefined;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return inRange(address, NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : undefined;
}

function inRange(address: Address, [network, bits]: Range): boolean {
  // ipaddr.js throws when asked to compare the two kinds
  return address.kind() === network.kind() && address.match(network, bits);
}

/** Only the spellings sockets take: ipaddr.js alone would also read "127.1" and octal numbers. */
function parseAddress(text: string): Address | undefined {
  return isIP(text) === 0 ? undefined : ipaddr.parse(text);
}

function parseRange(entry: string): Range {
  const [text = '', bits, ...rest] = entry.split('/');
  const address = parseAddress(text);
  const length = address?.kind() === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? length : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
  if (address !== undefined && prefix <= length && rest.length === 0) return [address, prefix];
  throw new AppError(
    'invalid_configuration',
    `Invalid configuration: URL_ALLOWED_ADDRESSES must list IP addresses or CIDR ranges such as 10.0.0.0/8, separated by commas; one of its entries is neither.`,
    { variable: 'URL_ALLOWED_ADDRESSES' },
  );
}

/** The address itself is not told: it would map the internal network for whoever asks. */
function addressForbidden(field: string): AppError {
  return new AppError(
    'address_forbidden',
    `The URL in ${field} leads to a private, local or otherwise special address, which this service does not connect to: use a public address, or have the operator add it to URL_ALLOWED_ADDRESSES.`,
    { field },
  );
}
