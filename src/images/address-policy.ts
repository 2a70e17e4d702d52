/** Which addresses image URLs may reach: the public internet, plus what the operator allows. This guards against SSRF. */
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Inject, Injectable, Optional } from '@nestjs/common';
import ipaddr from 'ipaddr.js';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import { resolveHost } from './resolve-host.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

/** The only IPv6 block assigned to the public internet. The rest is special, unassigned, or embeds an IPv4 address. */
const GLOBAL_UNICAST: Range = [ipaddr.parse('2000::'), 3];
/** On an IPv6-only network, names resolve to addresses of this block. The last four bytes are the IPv4 address reached. */
const NAT64: Range = [ipaddr.parse('64:ff9b::'), 96];
/**
 * Addresses that look public but are not. ipaddr.js already knows those in the IANA registries of special-purpose addresses
 * (RFC 6890). The metadata services of other clouds are link-local, unique local (fd00::/8), shared (100.64.0.0/10) or
 * protocol addresses (192.0.0.0/24), so they need no entry.
 */
const LOOK_PUBLIC: readonly Range[] = [
  // Azure's platform: health probes, DNS and the secrets of virtual machines
  [ipaddr.parse('168.63.129.16'), 32],
  // IBM Cloud: infrastructure and service endpoints inside its private network
  [ipaddr.parse('161.26.0.0'), 16],
  [ipaddr.parse('166.8.0.0'), 14],
  // 6bone, returned to IANA (RFC 3701)
  [ipaddr.parse('3ffe::'), 16],
];

/**
 * Checks IP addresses. Names are checked by the addresses they resolve to, at the moment of connecting: `lookup` passes only
 * checked addresses to the socket, so a name cannot resolve differently between the check and the connection.
 */
@Injectable()
export class AddressPolicy {
  private readonly allowed: readonly Range[];
  private readonly forbidden: readonly Range[];

  /** @throws AppError `invalid_configuration` when a setting holds anything but addresses and ranges */
  constructor(
    config: Config,
    @Optional() @Inject(networkInterfaces) private readonly interfaces = networkInterfaces,
  ) {
    const forbidden = parseRanges('URL_FORBIDDEN_ADDRESSES', config.urlForbiddenAddresses);
    this.allowed = parseRanges('URL_ALLOWED_ADDRESSES', config.urlAllowedAddresses);
    this.forbidden = [...LOOK_PUBLIC, ...forbidden];
  }

  /** Whether a connection to this IP address is allowed. */
  allows(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === undefined) return false;
    const target = embeddedIPv4(parsed) ?? parsed;
    const isIn = (range: Range): boolean => inRange(parsed, range) || inRange(target, range);
    if (this.allowed.some(isIn)) return true;
    if (this.forbidden.some(isIn) || target.range() !== 'unicast') return false;
    if (target.kind() === 'ipv6' && (!inRange(target, GLOBAL_UNICAST) || isIsatap(target))) return false;
    return !this.isOwn(target);
  }

  /** Whether the address belongs to this machine, where services may listen that a firewall hides from others. */
  private isOwn(address: Address): boolean {
    const own = Object.values(this.interfaces()).flatMap((addresses) => addresses ?? []);
    return own.some((each) => parseAddress(each.address)?.toString() === address.toString());
  }

  /**
   * Refuses a URL whose host is a forbidden IP literal: sockets never look up literals, so `lookup` does not see them.
   * @param url parsed by WHATWG rules, which normalise every spelling of an IPv4 address to four decimals
   * @throws AppError `address_forbidden`
   */
  checkLiteral(url: URL, field: string): void {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !this.allows(host)) throw addressForbidden(field);
  }

  /**
   * The `lookup` of a socket: resolves a name and returns only allowed addresses. A name that does not resolve and one that
   * resolves to a forbidden address fail alike: otherwise the answer would reveal which names the internal network has.
   */
  lookup(field: string): LookupFunction {
    return (hostname, options, callback) => {
      this.resolve(hostname, field).then(
        ([first, ...others]) => {
          if (options.all === true) callback(null, [first, ...others]);
          else callback(null, first.address, first.family);
        },
        (error: unknown) => callback(error as Error, []),
      );
    };
  }

  private async resolve(hostname: string, field: string): Promise<[LookupAddress, ...LookupAddress[]]> {
    let addresses: LookupAddress[];
    try {
      addresses = await resolveHost(hostname, this.allowed.length > 0);
    } catch (error) {
      throw noPublicHost(field, error);
    }
    const [first, ...others] = addresses.filter(({ address }) => this.allows(address));
    if (first !== undefined) return [first, ...others];
    const cause = Object.assign(new Error('forbidden'), { code: 'ADDRESS_FORBIDDEN', ...addresses[0] });
    throw noPublicHost(field, cause);
  }
}

/** The IPv4 address behind an IPv4-mapped or NAT64 address. */
function embeddedIPv4(address: Address): ipaddr.IPv4 | undefined {
  if (!(address instanceof ipaddr.IPv6)) return undefined;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return inRange(address, NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : undefined;
}

/** Whether the second half of an IPv6 address says to reach the IPv4 address at its end (ISATAP: RFC 5214, section 6.1). */
function isIsatap(address: Address): boolean {
  const [first, ...others] = address.toByteArray().slice(8, 12);
  return (first === 0 || first === 2) && others.join() === [0, 0x5e, 0xfe].join();
}

function inRange(address: Address, [network, bits]: Range): boolean {
  // ipaddr.js throws when the two addresses are of different kinds.
  return address.kind() === network.kind() && address.match(network, bits);
}

/** Accepts only the spellings that sockets accept: ipaddr.js alone would also read "127.1" and octal numbers. */
function parseAddress(text: string): Address | undefined {
  return isIP(text) === 0 ? undefined : ipaddr.parse(text);
}

/** @throws AppError `invalid_configuration` */
function parseRanges(variable: string, entries: readonly string[]): Range[] {
  return entries.map((entry) => {
    const range = parseRange(entry);
    if (range !== undefined) return range;
    throw new AppError(
      'invalid_configuration',
      `Invalid configuration: ${variable} must list IP addresses or CIDR ranges such as 10.0.0.0/8, separated by commas; one of its entries is neither.`,
      { variable },
    );
  });
}

function parseRange(entry: string): Range | undefined {
  const [text = '', bits, ...rest] = entry.split('/');
  const address = parseAddress(text);
  const length = address?.kind() === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? length : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
  return address !== undefined && prefix <= length && rest.length === 0 ? [address, prefix] : undefined;
}

/** The caller wrote the address itself, so this message may say that the address is forbidden. */
function addressForbidden(field: string): AppError {
  return new AppError(
    'address_forbidden',
    `The URL in ${field} leads to a private, local or otherwise special address, which this service does not connect to: use a public address, or ask the operator to add it to URL_ALLOWED_ADDRESSES.`,
    { field },
  );
}

/** @param cause the reason, only for the operator's log */
function noPublicHost(field: string, cause: unknown): AppError {
  return new AppError(
    'address_forbidden',
    `The host of the URL in ${field} does not resolve to a public address: check the name; if it is an internal one, ask the operator to add its address to URL_ALLOWED_ADDRESSES.`,
    { field },
    { cause },
  );
}
