/** Faults of a running process: the reader of its log is gone, the disk is full, no more files can be opened, an uncaught error. */
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { freePort, killAll, listening, run } from '../support/service-process.js';
import { sample } from '../fixtures/pictures.js';
import { DETECT, postBytes } from '../support/service.js';
import { until } from '../support/until.js';

afterAll(killAll);

const service = (url: string) => ({ url }) as Parameters<typeof postBytes>[0];
const dropped = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^face_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
};

test('the reader of its log is gone: requests are answered, lost lines are counted, and it stops normally', async () => {
  const process = run({ SHUTDOWN_TIMEOUT_MS: '0' });
  const url = await listening(process);
  process.child.stdout?.destroy();
  process.child.stderr?.destroy();
  for (let i = 0; i < 3; i++) expect((await postBytes(service(url), DETECT, sample(6))).status).toBe(200);
  expect(await dropped(url)).toBeGreaterThanOrEqual(3);
  process.child.kill('SIGTERM');
  expect(await process.ended).toBe(0);
});

test('the disk under its log is full: the same', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = { SHUTDOWN_TIMEOUT_MS: '0', LOG_FORMAT: 'json', PORT: String(port) };
  const process = run(settings, { stdout: openSync('/dev/full', 'w') });
  await until(() =>
    fetch(`${url}/-/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  for (let i = 0; i < 3; i++) expect((await postBytes(service(url), DETECT, sample(6))).status).toBe(200);
  expect(await dropped(url)).toBeGreaterThanOrEqual(3);
  process.child.kill('SIGTERM');
  expect(await process.ended).toBe(0);
});

test('an uncaught error under load: its stack is in the log, and the process ends at once', async () => {
  for (const defect of ["throw new Error('planted')", "Promise.reject(new Error('planted'))"]) {
    const plant = `data:text/javascript,process.on('SIGUSR2',()=>{${defect}})`;
    const process = run({ NODE_OPTIONS: `--import "${plant.replaceAll(' ', '%20')}"` });
    const url = await listening(process);
    const calls = Array.from({ length: 4 }, () =>
      postBytes(service(url), DETECT, sample(3)).catch(() => undefined),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.child.kill('SIGUSR2');
    const [code, signal] = (await once(process.child, 'exit')) as [number | null, string | null];
    // It kills itself if a worker is inside a model run: an abort would leave a core dump with pictures in it.
    expect(['1 null', 'null SIGKILL']).toContain(`${code} ${signal}`);
    expect(process.output()).toMatch(
      /The process ends because of an unexpected error: Error: planted\n\s+at /,
    );
    await Promise.all(calls);
  }
});

test('no more files can be opened: callers wait, and are answered when files are available again', async () => {
  const process = run({}, { openFiles: 600 });
  const url = await listening(process);
  const port = Number(new URL(url).port);
  const sockets: Socket[] = [];
  for (let i = 0; i < 800; i++) sockets.push(connect(port, '127.0.0.1').on('error', () => undefined));
  await until(() => readFileSync(`/proc/${process.child.pid}/limits`, 'utf8').includes('600'));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(process.child.exitCode).toBeNull();
  for (const socket of sockets) socket.destroy();
  await until(async () => (await fetch(`${url}/-/readyz`)).status === 200);
  expect((await postBytes(service(url), DETECT, sample(6))).status).toBe(200);
  process.child.kill('SIGKILL');
});
