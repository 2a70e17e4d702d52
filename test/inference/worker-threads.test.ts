/** Threads that die and hang in every way there is: what they were asked is settled, and others take their place. */
import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import type { BatchAnswer } from '../../src/worker/protocol.js';
import { type ThreadEvents, WorkerThread } from '../../src/inference/worker-thread.js';
import { WorkerThreads } from '../../src/inference/worker-threads.js';
import { until } from '../support/until.js';

const AT_START = { nothing: 0, throws: 1, exits: 2, hangs: 3, diesSoon: 4 };
const file = new URL('../support/unruly-worker.js', import.meta.url);
const never = new Promise<never>(() => undefined);
let atStart: Int32Array;
let threads: WorkerThreads;
let log: string[];

beforeEach(() => {
  log = [];
  const note = (...lines: unknown[]): void => void log.push(lines.join('\n'));
  Logger.overrideLogger({ log: note, warn: note, error: note });
  atStart = new Int32Array(new SharedArrayBuffer(4));
});
afterEach(() => threads.close(never));

async function open(
  limits: Partial<WorkerThreads['limits']> = {},
  create = (events: ThreadEvents) => new WorkerThread(file, atStart, events, { maxOldGenerationSizeMb: 16 }),
): Promise<void> {
  threads = new WorkerThreads(
    { min: 2, max: 3, idleTimeoutMs: 60_000, hungAfterMs: 60_000, ...limits },
    create,
  );
  // As the pool does: the minimum at least, whenever something has changed.
  threads.events.on('free', () => threads.ensure(0));
  await threads.open();
}

/** Has a thread do something; resolves with what became of it. */
async function ask(deed: string): Promise<string> {
  const thread = threads.take();
  if (thread === undefined) throw new Error('No thread is free.');
  return thread
    .ask({ deed } as never)
    .then(
      (answer: BatchAnswer) => (answer.outcomes.length === 0 ? 'answered' : 'nonsense'),
      (cause: unknown) => String(cause),
    )
    .finally(() => threads.giveBack(thread));
}

test.each([
  ['exit', /exited with code 0/],
  ['throw', /thrown on purpose/],
  ['reject', /rejected on purpose/],
  ['memory', /reaching memory limit/],
  ['garbage', /threw a value that is not an Error/],
])('a thread that dies by %s is replaced, and its task fails', async (deed, cause) => {
  await open();
  expect(await ask(deed)).toMatch(cause);
  await until(() => threads.warm === 2);
  expect(threads).toMatchObject({ busy: 0, lost: 1, problem: undefined });
  expect(log.join('\n')).toMatch(new RegExp(`A worker crashed and will be replaced: .*${cause.source}`));
  expect(await Promise.all([ask('answer'), ask('answer')])).toEqual(['answered', 'answered']);
});

test.each(['throws', 'exits'] as const)(
  'if all threads die and starts fail (%s), pauses grow until it recovers, and no task is lost',
  async (how) => {
    await open();
    const refused = once(threads.events, 'none');
    atStart[0] = AT_START[how];
    const answers = [ask('throw'), ask('exit')];
    expect((await Promise.all(answers)).join()).not.toContain('answered');
    await refused;
    expect(threads.problem).toMatch(/^No worker can be started\. The service keeps trying/);
    expect(threads.take()).toBeUndefined();
    const attempts = (): string[] => log.filter((line) => line.includes('A worker could not be started'));
    await until(() => attempts().length === 3);
    expect(attempts().map((line) => /in (\d+) ms/.exec(line)?.[1])).toEqual(['250', '500', '1000']);
    expect(threads).toMatchObject({ size: 0, busy: 0, lost: 2 });

    atStart[0] = AT_START.nothing;
    await until(() => threads.warm === 2);
    expect(threads.problem).toBeUndefined();
    expect(log.join('\n')).toContain('Workers can be started again.');
    expect(await ask('answer')).toBe('answered');
  },
);

test('a system without free threads counts as any other failed start', async () => {
  let isShort = false;
  await open({}, (events) => {
    if (isShort) throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
    return new WorkerThread(file, atStart, events);
  });
  isShort = true;
  await Promise.all([ask('exit'), ask('exit')]);
  expect(threads.problem).toMatch(/^No worker can be started/);
  expect(log.join('\n')).toMatch(/A worker could not be started; .*EAGAIN/);
  isShort = false;
  await until(() => threads.warm === 2);
});

test('a thread that dies while idle is replaced at once; repeated deaths cause a pause', async () => {
  await open({ min: 1, max: 1 });
  await threads.threads[0].terminate();
  await until(() => threads.warm === 1);
  expect(log.join('\n')).not.toContain('could not be started');
  expect(await ask('answer')).toBe('answered');

  atStart[0] = AT_START.diesSoon;
  await ask('exit');
  await until(() => log.join('\n').includes('next attempt is in 1000 ms: workers die while idle'));
  atStart[0] = AT_START.nothing;
  await until(() => threads.warm === 1);
  expect(await ask('answer')).toBe('answered');
});

test.each(['throws', 'exits'] as const)(
  'a first thread that %s stops the start, without another attempt',
  async (how) => {
    atStart[0] = AT_START[how];
    await expect(open()).rejects.toThrow();
    expect(threads.size).toBe(0);
    expect(log).toEqual([]);
  },
);

test('a thread that hangs is logged; if all hang, that is the problem until they are back', async () => {
  await open({ hungAfterMs: 100 });
  const [first, second] = [ask('wait'), ask('wait')];
  await until(() => threads.hung === 2);
  expect(threads.problem).toMatch(/^No worker responds/);
  expect(await Promise.all([first, second])).toEqual(['answered', 'answered']);
  expect(threads).toMatchObject({ hung: 0, problem: undefined });

  const third = ask('hang');
  await until(() => threads.hung === 1);
  expect(threads.problem).toBeUndefined();
  await until(() => log.join('\n').includes('A worker has not answered for'));
  expect(await ask('answer')).toBe('answered');
  await threads.threads[0].terminate();
  expect(await third).toMatch(/exited with code/);
});

test('a start that hangs is reported', async () => {
  await open({ min: 1, max: 1, hungAfterMs: 100 });
  atStart[0] = AT_START.hangs;
  await ask('exit');
  await until(() => threads.hung === 1);
  expect(threads.problem).toBe('No worker becomes ready.');
  expect(await threads.close(new Promise((resolve) => setTimeout(resolve, 50)))).toBe(false);
  await threads.threads[0].terminate();
});

test('a stop while starts fail ends at once', async () => {
  await open();
  atStart[0] = AT_START.throws;
  await Promise.all([ask('exit'), ask('exit')]);
  await until(() => threads.problem !== undefined);
  expect(await threads.close(never)).toBe(true);
});
