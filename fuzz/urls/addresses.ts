/** Addresses that no picture may come from (IANA special-purpose registries, addresses of clouds), and the ways to write them. */

export const FORBIDDEN_V4 = [
  '127.0.0.1',
  '127.1.2.3',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.254',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
];

export const FORBIDDEN_V6 = [
  '::1',
  '::',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::7f00:1',
  '100::1',
  '2001::1',
  '2001:2::1',
  '2001:10::1',
  '2001:20::1',
  '2001:db8::1',
  '2002:7f00:1::1',
  '2002:a9fe:a9fe::1',
  '3fff::1',
  '4000::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
];

/** Addresses that pictures may come from. */
export const PUBLIC = [
  '93.184.216.34',
  '8.8.8.8',
  '1.1.1.1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80b::200e',
];

/** Spellings of an IPv4 address that some parser accepts. */
export const SPELLINGS: Readonly<Record<string, (address: string) => string>> = {
  'as it is': (address) => address,
  'as one number': (address) => String(numberOf(address)),
  'in hex': (address) => `0x${numberOf(address).toString(16)}`,
  'in octal': (address) => `0${numberOf(address).toString(8)}`,
  'part by part in hex': (address) =>
    parts(address)
      .map((part) => `0x${part.toString(16)}`)
      .join('.'),
  'part by part in octal': (address) =>
    parts(address)
      .map((part) => `0${part.toString(8)}`)
      .join('.'),
  'in three parts': (address) => {
    const [a, b, c, d] = parts(address);
    return `${a}.${b}.${c * 256 + d}`;
  },
  'with a trailing dot': (address) => `${address}.`,
  'with leading zeros': (address) =>
    parts(address)
      .map((part) => `00000${part.toString(8)}`)
      .join('.'),
  'in full-width digits': (address) =>
    address.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
  'with ideographic dots': (address) => address.replaceAll('.', '。'),
  'percent-encoded': (address) =>
    [...address].map((character) => `%${character.charCodeAt(0).toString(16)}`).join(''),
  'behind a user': (address) => `example.com@${address}`,
  'mapped into IPv6': (address) => `[::ffff:${address}]`,
  'mapped in hex': (address) => `[::ffff:${hex(address)}]`,
  'compatible with IPv6': (address) => `[::${address}]`,
  'through NAT64': (address) => `[64:ff9b::${address}]`,
  'through 6to4': (address) => `[2002:${hex(address)}::1]`,
  'with a zone': (address) => `[::ffff:${address}%25lo]`,
};

function parts(address: string): number[] {
  return address.split('.').map(Number);
}

function numberOf(address: string): number {
  return parts(address).reduce((total, part) => total * 256 + part, 0);
}

function hex(address: string): string {
  const [a, b, c, d] = parts(address);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
