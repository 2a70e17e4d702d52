/** API keys from settings and file, and a file that changes while the service runs. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { formatApiKey, hashOf, newApiKey } from '../../src/access/api-key.js';
import { ApiKeys } from '../../src/access/api-keys.service.js';
import { Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import { until } from '../support/until.js';

const folder = mkdtempSync(join(tmpdir(), 'api-keys-'));
const running: ApiKeys[] = [];
beforeAll(() => {
  Logger.overrideLogger(false);
});
afterEach(() => running.splice(0).forEach((keys) => keys.onApplicationShutdown()));
afterAll(() => rmSync(folder, { recursive: true }));

const line = (name: string, key: string, expires?: string): string =>
  formatApiKey({ name, hash: hashOf(key), expires });

function start(settings: Partial<Config>): ApiKeys {
  const keys = new ApiKeys(Object.assign(new Config(), settings));
  keys.onModuleInit();
  running.push(keys);
  return keys;
}

function fileOf(name: string, ...lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

function refusal(settings: Partial<Config>): AppError {
  try {
    start(settings);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

const [one, two, three] = [newApiKey(), newApiKey(), newApiKey()];

test('without configured keys, none is required', () => {
  expect(start({}).required).toBe(false);
});

test('keys from the settings and from the file are valid, and no others', () => {
  const apiKeysFile = fileOf(
    'both',
    '# ours',
    '',
    `  ${line('two', two)}  `,
    line('three', three, '2000-01-01'),
  );
  const keys = start({ apiKeys: [line('one', one)], apiKeysFile });
  expect(keys.required).toBe(true);
  expect(keys.find(one)?.name).toBe('one');
  expect(keys.find(two)?.name).toBe('two');
  expect(keys.find(three)).toMatchObject({ name: 'three', expires: '2000-01-01' });
  for (const other of [newApiKey(), one.slice(0, -1), `${one}x`, '', hashOf(one).toString('hex')])
    expect(keys.find(other)).toBeUndefined();
});

test('if a key is listed twice, the line that has not expired counts', () => {
  const apiKeys = [line('old', one, '2000-01-01'), line('new', one), line('older', one, '1999-01-01')];
  expect(start({ apiKeys }).find(one)?.name).toBe('new');
});

test('with a file without keys, every request is refused', () => {
  const keys = start({ apiKeysFile: fileOf('empty', '# none yet') });
  expect(keys.required).toBe(true);
  expect(keys.find('')).toBeUndefined();
});

test('an invalid entry is named by its position, never by its text', () => {
  const inSettings = refusal({ apiKeys: [line('one', one), two] });
  expect(inSettings.code).toBe('invalid_configuration');
  expect(inSettings.message).toMatch(/entry 2 of API_KEYS must be name:sha256.*npm run api-key/);
  const inFile = refusal({ apiKeysFile: fileOf('bad', '# comment', line('one', one), two) });
  expect(inFile.message).toMatch(/line 3 of API_KEYS_FILE must be/);
  for (const { message } of [inSettings, inFile]) expect(message).not.toContain(two);
});

test('a missing file is reported', () => {
  expect(refusal({ apiKeysFile: join(folder, 'missing') }).message).toMatch(/API_KEYS_FILE cannot be read/);
});

test('a changed file is used; an invalid one is not, and the problem is reported', async () => {
  const apiKeysFile = fileOf('rotation', line('old', one));
  const keys = start({ apiKeysFile });
  fileOf('rotation', line('old', one), line('new', two));
  await until(() => keys.find(two) !== undefined);
  expect(keys.find(one)).toBeDefined();

  fileOf('rotation', 'half a li');
  await until(() => keys.problem !== undefined);
  expect(keys.problem).toMatch(/line 1 of API_KEYS_FILE/);
  expect(keys.find(two)?.name).toBe('new');

  fileOf('rotation', line('new', two));
  await until(() => keys.find(one) === undefined);
  expect(keys.problem).toBeUndefined();
  expect(keys.find(two)?.name).toBe('new');
});

test('if the file disappears, the keys stay valid until it is back', async () => {
  const apiKeysFile = fileOf('moved', line('one', one));
  const keys = start({ apiKeysFile });
  renameSync(apiKeysFile, `${apiKeysFile}.away`);
  await until(() => keys.problem !== undefined);
  expect(keys.problem).toMatch(/API_KEYS_FILE cannot be read/);
  expect(keys.find(one)?.name).toBe('one');
  renameSync(`${apiKeysFile}.away`, apiKeysFile);
  await until(() => keys.problem === undefined);
});

test('a secret that Kubernetes replaces through a symbolic link is noticed', async () => {
  const mount = join(folder, 'mount');
  for (const [version, text] of Object.entries({ v1: line('old', one), v2: line('new', two) })) {
    mkdirSync(join(mount, version), { recursive: true });
    writeFileSync(join(mount, version, 'keys'), text);
  }
  symlinkSync('v1', join(mount, 'data'));
  symlinkSync('data/keys', join(mount, 'keys'));
  const keys = start({ apiKeysFile: join(mount, 'keys') });
  expect(keys.find(one)).toBeDefined();
  symlinkSync('v2', join(mount, 'next'));
  renameSync(join(mount, 'next'), join(mount, 'data'));
  await until(() => keys.find(two) !== undefined);
  expect(keys.find(one)).toBeUndefined();
});
