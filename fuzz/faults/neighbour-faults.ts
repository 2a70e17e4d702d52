/** Faults of the service's dependencies: Redis, the file of API keys, the trace collector. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { face } from '../../bench/pictures.js';
import { freePort } from '../../bench/server-process.js';
import { exchange } from '../core/exchange.js';
import { DETECT, post } from '../core/http-text.js';
import { wrongWith } from '../core/rules.js';
import type { Subject } from '../core/subject.js';
import { startLoad } from './load.js';
import { notBack, type Scenario, until, withFolder, withService } from './scenario.js';

async function startRedis(port: number): Promise<ChildProcess> {
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await once(child.stdout ?? child, 'data');
  await sleep(200);
  return child;
}

/** The body of `/-/healthz`. */
async function health(subject: Subject): Promise<string> {
  const [{ answers }] = await exchange(
    subject.url,
    { steps: [{ text: 'GET /-/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' }] },
    3_000,
  );
  return answers[0]?.body.toString() ?? '';
}

const hash = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The status of a request with a key. */
async function withKey(subject: Subject, key: string): Promise<number> {
  const steps = post(DETECT, 'application/json', '{}', { 'X-API-Key': key });
  const [{ answers }] = await exchange(subject.url, { steps }, 5_000);
  const [answer] = answers;
  return answer === undefined || wrongWith(answer) !== undefined ? 0 : answer.status;
}

export const NEIGHBOUR_FAULTS: Readonly<Record<string, Scenario>> = {
  'Redis hangs, is lost and comes back': async () => {
    if (spawnSync('redis-server', ['--version']).status !== 0) return { skipped: 'needs redis-server' };
    const port = await freePort();
    let redis = await startRedis(port);
    const settings = { RATE_LIMIT_REDIS_URL: `redis://127.0.0.1:${port}`, RATE_LIMIT_REQUESTS: '1000000' };
    try {
      return await withService(settings, {}, async (subject) => {
        const faults: string[] = [];
        const load = startLoad(subject, await face(160, 120), 2, []);
        await sleep(500);
        redis.kill('SIGSTOP');
        await sleep(1_500);
        if (!(await until(async () => (await health(subject)).includes('degraded'), 5_000)))
          faults.push('health does not report that Redis hangs');
        redis.kill('SIGKILL');
        await sleep(1_000);
        redis = await startRedis(port);
        if (!(await until(async () => !(await health(subject)).includes('degraded'), 20_000)))
          faults.push('health stays degraded after Redis is back');
        const { statuses, faults: more } = await load.stop();
        return { statuses, faults: [...faults, ...more, ...(await notBack(subject))] };
      });
    } finally {
      redis.kill('SIGKILL');
    }
  },
  'the file of keys is broken and repaired': () =>
    withFolder(async (folder) => {
      const file = join(folder, 'keys.txt');
      const [old, next] = ['a'.repeat(43), 'b'.repeat(43)];
      await writeFile(file, `old:${hash(old)}\n`);
      // No warm-up is needed: only the statuses of requests with keys count here.
      return withService({ API_KEYS_FILE: file }, { warmUps: 0, key: old }, async (subject) => {
        const faults: string[] = [];
        const breaks: Readonly<Record<string, () => Promise<unknown>>> = {
          garbage: () => writeFile(file, '\0\xff no key\n'),
          'half a line': () => writeFile(file, `new:${hash(next).slice(0, 30)}`),
          'no file': () => rm(file),
          'a folder': () => mkdir(file),
          'a huge file': async () => {
            await rm(file, { recursive: true, force: true });
            await writeFile(file, Buffer.alloc(20_000_000, 'x'));
          },
        };
        for (const [name, breakIt] of Object.entries(breaks)) {
          await breakIt();
          await sleep(1_300);
          const status = await withKey(subject, old);
          if (status !== 422) faults.push(`with ${name} in its place, the old key gets status ${status}`);
          if ((await withKey(subject, 'c'.repeat(43))) !== 401)
            faults.push(`with ${name} in its place, a wrong key is accepted`);
        }
        await writeFile(file, `new:${hash(next)}\n`);
        if (!(await until(async () => (await withKey(subject, next)) === 422, 5_000)))
          faults.push('the new key is not accepted');
        if ((await withKey(subject, old)) !== 401) faults.push('the old key is still accepted');
        return { faults };
      });
    }),
  'the trace collector is unavailable': async () => {
    const port = await freePort();
    return withService({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` }, {}, async (subject) => {
      const load = startLoad(subject, await face(160, 120), 2, []);
      await sleep(3_000);
      const { statuses, faults } = await load.stop();
      return { statuses, faults: [...faults, ...(await notBack(subject))] };
    });
  },
};
