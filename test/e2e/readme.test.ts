/** The requests in the README give the answers in the README. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { formatApiKey, hashOf, newApiKey } from '../../src/access/api-key.js';
import { createApp } from '../../src/app.setup.js';
import { Config } from '../../src/config/config.js';

const README = readFileSync('README.md', 'utf8');
/** Each request, with the answer shown right below it. */
const EXAMPLES = [...README.matchAll(/```sh\n(curl[^`]+)```\n\n```json\n([^`]+)```/g)].map(
  ([, command, answer]) => ({
    command,
    answer: JSON.parse(answer) as unknown,
  }),
);

describe('README', () => {
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    app = await createApp(Object.assign(new Config(), { port: 0, host: '127.0.0.1', logLevel: 'error' }));
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  it('shows a detect and a compare', () => {
    expect(EXAMPLES).toHaveLength(2);
  });

  it.each(EXAMPLES)('$command', async ({ command, answer }) => {
    const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('http://localhost:8000', url)]);
    expect(JSON.parse(stdout)).toEqual(approximately(answer));
  });

  it('calls with a key', async () => {
    const [, command] = /```sh\n(curl .*\$KEY.*)\n```/.exec(README) ?? [];
    const key = newApiKey();
    const apiKeys = [formatApiKey({ name: 'ci', hash: hashOf(key) })];
    const guarded = await createApp(Object.assign(new Config(), { logLevel: 'error', apiKeys }));
    try {
      await guarded.listen(0, '127.0.0.1');
      const address = await guarded.getUrl();
      const answerTo = async (KEY: string): Promise<unknown> => {
        const options = { env: { ...process.env, KEY } };
        const call = command.replace('http://localhost:8000', address);
        return JSON.parse((await promisify(execFile)('sh', ['-c', call], options)).stdout);
      };
      expect(await answerTo(key)).toMatchObject({ models: [{ name: 'insightface' }] });
      expect(await answerTo(newApiKey())).toMatchObject({ status: 401, code: 'api_key_invalid' });
    } finally {
      await guarded.close();
    }
  });

  it('names the commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...README.matchAll(/npm (?:run )?([a-z:-]+)/g)]
      .map(([, name]) => name)
      .filter((name) => name !== 'ci');
    for (const name of named.filter((word) => word !== 'registry'))
      expect(Object.keys(scripts)).toContain(name);
  });
});

/** CPUs differ in the last digits of a network's output. */
function approximately(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 1) as unknown;
  if (Array.isArray(value)) return value.map(approximately);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, approximately(item)]));
}
