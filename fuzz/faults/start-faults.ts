/** Faults of the start: the service must say in one sentence why it cannot start, and exit with 1. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rename, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../bench/server-process.js';
import { notBack, type Scenario, until, withFolder, withService } from './scenario.js';
import { face } from '../../bench/pictures.js';
import { startLoad } from './load.js';

/** Starts a service that cannot start. @returns what is wrong with its message and exit code */
async function refusal(settings: Readonly<Record<string, string>>): Promise<string[]> {
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    env: { ...process.env, LOG_LEVEL: 'fatal', HOST: '127.0.0.1', PORT: '0', ...settings },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  const faults: string[] = [];
  if (code !== 1) faults.push(`exit code ${code ?? 'none'}`);
  if (/\n\s+at |node:internal|Error:/.test(output) || output.trim().split('\n').length > 2)
    faults.push(`not one sentence: ${JSON.stringify(output.slice(0, 300))}`);
  return faults;
}

export const START_FAULTS: Readonly<Record<string, Scenario>> = {
  'the port is taken': async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    try {
      return { faults: await refusal({ PORT: String(port) }) };
    } finally {
      server.close();
    }
  },
  'the address is of another machine': async () => ({ faults: await refusal({ HOST: '203.0.113.1' }) }),
  'a model is truncated': () =>
    withFolder(async (folder) => {
      await cp('models/default', join(folder, 'default'), { recursive: true });
      await truncate(join(folder, 'default', 'recognition.onnx'), 10_000);
      return { faults: await refusal({ MODELS_DIR: folder }) };
    }),
  'the pack is not JSON': () =>
    withFolder(async (folder) => {
      await cp('models/default', join(folder, 'default'), { recursive: true });
      await writeFile(join(folder, 'default', 'pack.json'), '{"name":');
      return { faults: await refusal({ MODELS_DIR: folder }) };
    }),
  'the models are missing while workers start': () =>
    withFolder(async (folder) => {
      const models = join(folder, 'models');
      await cp('models/default', join(models, 'default'), { recursive: true });
      const settings = {
        MODELS_DIR: models,
        INFERENCE_MIN_WORKERS: '1',
        INFERENCE_MAX_WORKERS: '3',
        INFERENCE_IDLE_TIMEOUT_MS: '200',
      };
      return withService(settings, { warmUps: 0 }, async (subject) => {
        await rename(models, `${models}-away`);
        const load = startLoad(subject, await face(320, 240), 12, [503]);
        await sleep(3_000);
        await rename(`${models}-away`, models);
        const { statuses, faults } = await load.stop();
        const healthy = await until(async () => (await status(`${subject.url}/-/healthz`)) === 200, 15_000);
        return {
          statuses,
          faults: [
            ...faults,
            ...(await notBack(subject)),
            ...(healthy ? [] : ['/-/healthz does not recover']),
          ],
        };
      });
    }),
};

/** The status of an answer; 0 if there is none. */
async function status(url: string): Promise<number> {
  try {
    return (await fetch(url)).status;
  } catch {
    return 0;
  }
}
