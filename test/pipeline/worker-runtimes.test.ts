/** Where the workers' models run, told by them one by one and answered for all of them. */
import { EventEmitter, once } from 'node:events';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { RuntimeReport } from '../../src/sessions/runtime-report.js';
import { WorkerRuntimes } from '../../src/pipeline/worker-runtimes.js';

const threads = new EventEmitter();
let runtimes: WorkerRuntimes;
const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
const say = (threadId: number, runtime: RuntimeReport) => threads.emit('message', { threadId, runtime });

beforeEach(() => {
  threads.removeAllListeners();
  errors.mockClear();
  runtimes = new WorkerRuntimes();
  runtimes.listen(threads as never);
});

test('known when the first worker has told', async () => {
  const told = new EventEmitter();
  void runtimes.known.then(() => told.emit('told'));
  const waiting = once(told, 'told');
  say(1, { provider: 'cuda' });
  await waiting;
  expect(runtimes.current).toEqual({ provider: 'cuda' });
});

test('one worker on the CPU among others on the GPU is a problem, until it goes', () => {
  say(1, { provider: 'cuda' });
  say(2, { provider: 'cpu', problem: 'No memory.' });
  expect(runtimes.current).toEqual({ provider: 'cuda', problem: 'No memory.' });
  threads.emit('workerDestroy', { id: 2 });
  expect(runtimes.current).toEqual({ provider: 'cuda', problem: undefined });
});

test('a problem is logged once, however many workers have it', () => {
  for (const id of [1, 2, 3]) say(id, { provider: 'cpu', problem: 'No driver.' });
  expect(errors.mock.calls).toEqual([[expect.stringMatching(/^DEGRADED: .* No driver\.$/)]]);
});

test('between two workers the last answer holds', () => {
  say(1, { provider: 'cpu', problem: 'No driver.' });
  threads.emit('workerDestroy', { id: 1 });
  expect(runtimes.current).toEqual({ provider: 'cpu', problem: 'No driver.' });
});
