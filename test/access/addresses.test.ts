/** By which address a caller is counted, and to which part of the service a path belongs. */
import { countedAddress } from '../../src/access/caller-address.js';
import { surfaceOf } from '../../src/access/surface.js';
import { trustedProxies } from '../../src/http/server/trusted-proxies.js';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['::1', '0:0:0:0::/64'],
  // As proxies forward them.
  ['203.0.113.7:4711', '203.0.113.7'],
  [' 203.0.113.7\t', '203.0.113.7'],
  ['"203.0.113.7:4711"', '203.0.113.7'],
  ['for=203.0.113.7', '203.0.113.7'],
  ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['[2001:db8::1]:443', '2001:db8:0:0::/64'],
  ['[2001:db8::1]', '2001:db8:0:0::/64'],
  ['2001:DB8::1', '2001:db8:0:0::/64'],
  ['For="[2001:db8::1]:4711"', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['[fe80::1%25eth0]:80', 'fe80:0:0:0::/64'],
  // Everything that is not an address shares one count.
  ['unix socket', 'unknown'],
  ['unknown', 'unknown'],
  ['_hidden', 'unknown'],
  ['', 'unknown'],
  ['1', 'unknown'],
  ['0x7f.1', 'unknown'],
  ['010.0.0.1', 'unknown'],
  ['203.0.113.7:', 'unknown'],
  ['203.0.113.7:port', 'unknown'],
  ['203.0.113.7:1:2', 'unknown'],
  ['203.0.113.256', 'unknown'],
  ['[203.0.113.7', 'unknown'],
  ['203.0.113.7, 203.0.113.8', 'unknown'],
  [undefined, 'unknown'],
])('%s is counted as %s', (address, counted) => {
  expect(countedAddress(address)).toBe(counted);
});

test.each([
  ['/-/livez', 'health'],
  ['/docs', 'docs'],
  ['/DOCS/', 'docs'],
  ['/docs/swagger-ui.css', 'docs'],
  ['/docs-json', 'docs'],
  ['/docs-yaml', 'docs'],
  ['/metrics', 'metrics'],
  ['/v1/models', 'api'],
  ['/', 'api'],
  ['/docsx', 'api'],
  ['/metrics-of-ours', 'api'],
  ['/-', 'health'],
  ['/-x', 'api'],
  ['//docs', 'api'],
])('%s belongs to %s', (path, surface) => {
  expect(surfaceOf(path)).toBe(surface);
});

test.each([
  [[], ['127.0.0.1', undefined], []],
  [
    ['10.0.0.0/8', 'loopback', '2001:db8::/32'],
    ['192.168.0.1', '2001:db9::1', 'unknown'],
    ['10.1.2.3', '10.1.2.3:80', '::1', '127.0.0.1', '::ffff:10.0.0.1', '[2001:db8::5]:443'],
  ],
  [['uniquelocal'], ['203.0.113.7', '127.0.0.1'], ['10.0.0.1', '172.16.5.5:1', '192.168.1.1', 'fd00::1']],
  [
    ['linklocal', '::ffff:203.0.113.0/120', '::1'],
    ['203.0.114.1', '::2'],
    ['169.254.1.1', 'fe80::1%eth0', '203.0.113.9', '::1'],
  ],
])('with %j, %j are not trusted and %j are', (list, strangers, trusted) => {
  const trust = trustedProxies(list);
  expect(strangers.filter((address) => trust(address, 0))).toEqual([]);
  expect(trusted.filter((address) => !trust(address, 0))).toEqual([]);
});

test('proxies can be given by number', () => {
  expect([0, 1, 2].map((hop) => trustedProxies(['2'])('203.0.113.7', hop))).toEqual([true, true, false]);
});

test.each([[['true']], [['1', '2']], [['10.0.0.0/99']], [['proxy.example.com']], [['constructor']]])(
  '%s is no proxy to trust',
  (list) => {
    expect(() => trustedProxies(list)).toThrow(/TRUSTED_PROXIES must list/);
  },
);
