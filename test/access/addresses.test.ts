/** Whose address counts, and which part of the service a path is. */
import { countedAddress } from '../../src/access/caller-address.js';
import { surfaceOf } from '../../src/access/surface.js';
import { trustedProxies } from '../../src/http/trusted-proxies.js';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unix socket', 'unknown'],
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

test('proxies are told by address, range, name or number', () => {
  expect(trustedProxies([])).toEqual([]);
  expect(trustedProxies(['2'])).toBe(2);
  expect(trustedProxies(['10.0.0.0/8', 'loopback', '::1'])).toEqual(['10.0.0.0/8', 'loopback', '::1']);
});

test.each([[['true']], [['1', '2']], [['10.0.0.0/99']], [['proxy.example.com']]])(
  '%s is no proxy to trust',
  (list) => {
    expect(() => trustedProxies(list)).toThrow(/TRUSTED_PROXIES must be/);
  },
);
