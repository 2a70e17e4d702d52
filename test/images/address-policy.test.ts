/** Which addresses image URLs may reach, in all spellings. */
import { type LookupAddress } from 'node:dns';
import { type NetworkInterfaceInfo, type networkInterfaces } from 'node:os';
import { AddressPolicy } from '../../src/images/address-policy.js';
import { configWith } from '../support/config.js';
import { refusalOf } from '../support/refusals.js';

const policyFor = (...urlAllowedAddresses: string[]): AddressPolicy =>
  new AddressPolicy(configWith({ urlAllowedAddresses }));
const publicOnly = policyFor();

describe('forbids the literal', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '%31%32%37.0.0.1',
    '①②⑦.0.0.1',
    '127。0。0。1',
    '0',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '0xa9fea9fe',
    '100.64.0.1',
    '192.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::1]',
    '[2001:0:7f00:1::1]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fec0::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '[100::1]',
    '[4000::1]',
    // metadata and platform services of clouds: Azure, IBM, Alibaba, Oracle, Amazon, Google, Scaleway, OpenStack
    '168.63.129.16',
    '0xa83f8110',
    '[::ffff:168.63.129.16]',
    '[64:ff9b::168.63.129.16]',
    '161.26.0.10',
    '166.9.14.2',
    '100.100.100.200',
    '192.0.0.192',
    '169.254.170.2',
    '[fd00:ec2::253]',
    '[fd20:ce::254]',
    '[fd00:42::42]',
    '[fe80::a9fe:a9fe]',
    // the rest of the IANA registry of special IPv4 addresses (RFC 6890)
    '0.1.2.3',
    '192.0.0.8',
    '192.0.0.170',
    '192.31.196.1',
    '192.52.193.1',
    '192.88.99.1',
    '192.175.48.1',
    '198.19.255.255',
    '198.51.100.1',
    '239.255.255.250',
    // and of the one of special IPv6 addresses: dummy, IETF, benchmarking, AMT, AS112, ORCHID, DET, documentation, SRv6
    '[100:0:0:1::1]',
    '[2001::1]',
    '[2001:1::1]',
    '[2001:2::1]',
    '[2001:3::1]',
    '[2001:4:112::1]',
    '[2001:10::1]',
    '[2001:20::1]',
    '[2001:30::1]',
    '[2002:a9fe:a9fe::1]',
    '[2620:4f:8000::1]',
    '[3fff::1]',
    '[3fff:fff:ffff::1]',
    '[5f00::1]',
    '[3ffe::1]',
    '[64:ff9b:1:7f00:1::]',
    '[::ffff:0:0:7f00:1]',
    // ISATAP in a public network
    '[2606:4700::5efe:10.0.0.1]',
    '[2606:4700::200:5efe:a00:1]',
  ])('%s', async (host) => {
    const refusal = await refusalOf(() =>
      publicOnly.checkLiteral(new URL(`http://${host}:8080/x`), 'image_url'),
    );
    expect(refusal.code).toBe('address_forbidden');
    expect(refusal.message).toContain('image_url');
  });
});

describe('allows', () => {
  test.each([
    '8.8.8.8',
    '134744072',
    '172.32.0.1',
    '168.63.129.17',
    '166.12.0.1',
    '[2001:200::1]',
    '[3fff:1000::1]',
    '[2606:4700::1]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::808:808]',
    'example.com',
  ])('the public host %s', (host) => {
    publicOnly.checkLiteral(new URL(`https://${host}/x`), 'image_url');
  });

  test('no address of this machine, however public, unless it is configured', () => {
    const own = { address: '203.0.114.7', family: 'IPv4' } as NetworkInterfaceInfo;
    const other = { address: '2606:4700:0:0::7', family: 'IPv6' } as NetworkInterfaceInfo;
    const seen = (): ReturnType<typeof networkInterfaces> => ({ eth0: [own, other] });
    const policy = new AddressPolicy(configWith(), seen);
    for (const address of ['203.0.114.7', '::ffff:203.0.114.7', '2606:4700::7'])
      expect([address, policy.allows(address)]).toEqual([address, false]);
    expect(policy.allows('203.0.114.8')).toBe(true);
    const opened = new AddressPolicy(configWith({ urlAllowedAddresses: ['203.0.114.7'] }), seen);
    expect(opened.allows('203.0.114.7')).toBe(true);
  });

  test('nothing that the operator forbids, unless it is allowed again', () => {
    const policy = new AddressPolicy(
      configWith({ urlForbiddenAddresses: ['11.0.0.0/8', '2a00::/16'], urlAllowedAddresses: ['11.1.1.1'] }),
    );
    for (const address of ['11.0.0.1', '::ffff:11.0.0.1', '64:ff9b::11.0.0.1', '2a00::1'])
      expect([address, policy.allows(address)]).toEqual([address, false]);
    expect([policy.allows('11.1.1.1'), policy.allows('12.0.0.1')]).toEqual([true, true]);
  });

  test('what is configured, and nothing else', () => {
    const policy = policyFor('127.0.0.1', '10.1.0.0/16', 'fd00::/8', '::1');
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '10.1.255.255', 'fd12::1', '::1']) {
      expect([address, policy.allows(address)]).toEqual([address, true]);
    }
    for (const address of ['127.0.0.2', '10.2.0.0', '::2', '169.254.169.254', '::ffff:10.2.0.1']) {
      expect([address, policy.allows(address)]).toEqual([address, false]);
    }
  });

  test('no text that is not an address', () => {
    for (const text of ['localhost', '', '127.1', 'fe80::1%eth0'])
      expect(publicOnly.allows(text)).toBe(false);
  });
});

test('the start is refused with a host in URL_FORBIDDEN_ADDRESSES', async () => {
  const refusal = await refusalOf(
    () => new AddressPolicy(configWith({ urlForbiddenAddresses: ['localhost'] })),
  );
  expect([refusal.code, refusal.details]).toEqual([
    'invalid_configuration',
    { variable: 'URL_FORBIDDEN_ADDRESSES' },
  ]);
});

test.each(['localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '127.1', '::/129', '10.0.0.0/-1', '*'])(
  'the start is refused with %s in URL_ALLOWED_ADDRESSES',
  async (entry) => {
    const refusal = await refusalOf(() => policyFor('127.0.0.1', entry));
    expect(refusal.code).toBe('invalid_configuration');
    expect(refusal.message).toContain('URL_ALLOWED_ADDRESSES');
  },
);

describe('names', () => {
  const resolve = (policy: AddressPolicy, all: boolean): Promise<string | LookupAddress[]> =>
    new Promise((done, fail) => {
      policy.lookup('image_url')('localhost', { all }, (error, address) =>
        error === null ? done(address) : fail(error),
      );
    });

  test.each([true, false])('that resolve to a forbidden address are refused (all: %s)', async (all) => {
    expect((await refusalOf(() => resolve(publicOnly, all))).code).toBe('address_forbidden');
  });

  test('resolve to their allowed addresses only', async () => {
    const policy = policyFor('127.0.0.1');
    expect(await resolve(policy, true)).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(await resolve(policy, false)).toBe('127.0.0.1');
  });
});
