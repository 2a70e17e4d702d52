/** Where the workers' models run, told by them one by one and answered for all of them. */
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { RuntimeReport } from '../../src/sessions/runtime-report.js';
import { WorkerRuntimes } from '../../src/inference/worker-runtimes.js';

let runtimes: WorkerRuntimes;
const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
const say = (threadId: number, runtime: RuntimeReport) => runtimes.note(threadId, runtime);

beforeEach(() => {
  errors.mockClear();
  runtimes = new WorkerRuntimes();
});

test('one worker on the CPU among others on the GPU is a problem until it ends', () => {
  say(1, { provider: 'cuda' });
  say(2, { provider: 'cpu', problem: 'No memory.' });
  expect(runtimes.current).toEqual({ provider: 'cuda', problem: 'No memory.' });
  runtimes.forget(2);
  expect(runtimes.current).toEqual({ provider: 'cuda', problem: undefined });
});

test('a problem is logged once, however many workers have it', () => {
  for (const id of [1, 2, 3]) say(id, { provider: 'cpu', problem: 'No driver.' });
  expect(errors.mock.calls).toEqual([[expect.stringMatching(/^DEGRADED: .* No driver\.$/)]]);
});

test('without workers, the last report holds', () => {
  say(1, { provider: 'cpu', problem: 'No driver.' });
  runtimes.forget(1);
  expect(runtimes.current).toEqual({ provider: 'cpu', problem: 'No driver.' });
});
