/** Which addresses image URLs may reach, in every spelling of them. */
import { type LookupAddress } from 'node:dns';
import { AddressPolicy } from '../../src/images/address-policy.js';
import { configWith, refusalOf } from './support.js';

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
    '[2606:4700::1]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::808:808]',
    'example.com',
  ])('the public host %s', (host) => {
    publicOnly.checkLiteral(new URL(`https://${host}/x`), 'image_url');
  });

  test('what is configured, and nothing beside it', () => {
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
