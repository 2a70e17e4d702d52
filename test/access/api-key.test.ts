/** Creating, storing and checking API keys, and the command that creates them. */
import { spawnSync } from 'node:child_process';
import {
  formatApiKey,
  hashOf,
  hasExpired,
  isDate,
  newApiKey,
  parseApiKey,
} from '../../src/access/api-key.js';

const HASH = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('the hash is the same SHA-256 as any other tool computes', () => {
  // The first example of FIPS 180-2.
  expect(hashOf('abc').toString('hex')).toBe(HASH);
});

test('keys are long, different, and safe in a header', () => {
  const keys = Array.from({ length: 100 }, newApiKey);
  expect(new Set(keys).size).toBe(100);
  for (const key of keys) expect(key).toMatch(/^fas_[\w-]{43}$/);
});

test.each([
  [`ci:${HASH}`, 'ci', undefined],
  [`ci:${HASH}:2027-01-01`, 'ci', '2027-01-01'],
  [`front-end_2.b:${HASH}`, 'front-end_2.b', undefined],
])('%s is read, and written the same', (text, name, expires) => {
  const key = parseApiKey(text);
  expect(key).toMatchObject({ name, expires });
  expect(key && formatApiKey(key)).toBe(text);
});

test.each([
  ['nothing', ''],
  ['a key itself', newApiKey()],
  ['no name', `:${HASH}`],
  ['a name with a space', `c i:${HASH}`],
  ['a name with a line break', `ci\n:${HASH}`],
  ['a hash that is short', `ci:${HASH.slice(1)}`],
  ['an invalid hash', `ci:${'g'.repeat(64)}`],
  ['a day that does not exist', `ci:${HASH}:2027-02-30`],
  ['a time', `ci:${HASH}:2027-01-01T00`],
  ['an empty day', `ci:${HASH}:`],
  ['too much', `ci:${HASH}:2027-01-01:x`],
])('%s is not accepted as a key', (_, text) => {
  expect(parseApiKey(text)).toBeUndefined();
});

test('a key expires at the start of its day', () => {
  const key = { name: 'ci', hash: hashOf('abc'), expires: '2027-01-01' };
  expect(hasExpired(key, Date.parse('2026-12-31T23:59:59.999Z'))).toBe(false);
  expect(hasExpired(key, Date.parse('2027-01-01T00:00:00.000Z'))).toBe(true);
  expect(hasExpired({ ...key, expires: undefined }, Date.parse('2999-01-01'))).toBe(false);
});

test('only existing days are dates', () => {
  expect(isDate('2028-02-29')).toBe(true);
  for (const text of ['2027-02-29', '2027-1-1', '27-01-01', 'tomorrow', '']) expect(isDate(text)).toBe(false);
});

describe('npm run api-key', () => {
  const run = (...options: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['dist/src/access/api-key.cli.js', ...options], { encoding: 'utf8' });

  test('prints a key once, and the line that enables it', () => {
    const { status, stdout } = run('--name', 'ci', '--expires', '2099-01-01');
    expect(status).toBe(0);
    const [, key] = /\n(fas_\S+)\n/.exec(stdout) ?? [];
    expect(stdout.split(key)).toHaveLength(2);
    const line = parseApiKey(stdout.trim().split('\n').at(-1) ?? '');
    expect(line).toEqual({ name: 'ci', hash: hashOf(key), expires: '2099-01-01' });
  });

  test.each([
    ['no name', []],
    ['a name that would break the line', ['--name', 'a:b']],
    ['no date', ['--name', 'ci', '--expires', 'soon']],
    ['an option that does not exist', ['--name', 'ci', '--forever']],
  ])('%s: prints the usage, and creates no key', (_, options) => {
    const { status, stdout, stderr } = run(...options);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('--name NAME [--expires YYYY-MM-DD]');
    expect(stderr).not.toMatch(/\bat .*\.js/);
  });
});
