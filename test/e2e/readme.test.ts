/** The README's requests give the README's answers. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { createApp } from '../../src/app.setup.js';
import { Config } from '../../src/config/config.js';

const README = readFileSync('README.md', 'utf8');
/** Each request with the answer shown right below it. */
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

  it('names the commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...README.matchAll(/npm (?:run )?([a-z:]+)/g)]
      .map(([, name]) => name)
      .filter((name) => name !== 'ci');
    for (const name of named.filter((word) => word !== 'registry'))
      expect(Object.keys(scripts)).toContain(name);
  });
});

/** Processors differ in the last digits of a network's output. */
function approximately(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 1) as unknown;
  if (Array.isArray(value)) return value.map(approximately);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, approximately(item)]));
}
