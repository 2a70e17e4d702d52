/** The bounded queue in front of the workers. */
import { JobQueue, queueFull, type Waiting } from '../../src/inference/job-queue.js';

function entry(): Waiting & { abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

test('first in, first out', () => {
  const queue = new JobQueue<Waiting>(3);
  const entries = [entry(), entry(), entry()];
  for (const one of entries) queue.push(one);
  expect(queue.length).toBe(3);
  expect(queue.first).toBe(entries[0]);
  expect(queue.take(2)).toEqual(entries.slice(0, 2));
  expect(queue.take(2)).toEqual(entries.slice(2));
  expect(queue.take(2)).toEqual([]);
  expect(queue.first).toBeUndefined();
  expect(queue.length).toBe(0);
});

test('an entry that comes alone shares no batch, wherever it stands', () => {
  const queue = new JobQueue<Waiting>(5);
  const [a, b, alone, c] = [entry(), entry(), entry(), entry()];
  for (const one of [a, b, alone, c]) queue.push(one);
  const take = (): Waiting[] => queue.take(3, (one) => one === alone);
  expect([take(), take(), take()]).toEqual([[a, b], [alone], [c]]);
});

test('refuses jobs beyond its length', () => {
  const queue = new JobQueue<Waiting>(1);
  expect([queue.push(entry()), queue.push(entry())]).toEqual([true, false]);
  expect(queue.length).toBe(1);
});

test('a refusal says when to try again', () => {
  expect(queueFull(1)).toMatchObject({
    code: 'overloaded',
    details: { queued: 1, retry_after_seconds: 1 },
  });
});

test('accepts more jobs than it holds if workers are free', () => {
  const queue = new JobQueue<Waiting>(0);
  expect([queue.push(entry()), queue.push(entry(), 1), queue.push(entry(), 1)]).toEqual([false, true, false]);
  expect(queue.length).toBe(1);
});

test('an entry whose signal aborts leaves, and makes room', () => {
  const queue = new JobQueue<Waiting>(2);
  const [first, second, third] = [entry(), entry(), entry()];
  queue.push(first);
  queue.push(second);
  first.abort();
  expect(queue.length).toBe(1);
  queue.push(third);
  expect(queue.take(2)).toEqual([second, third]);
});

test('an entry that was taken out does not leave a second time', () => {
  const queue = new JobQueue<Waiting>(2);
  const [first, second] = [entry(), entry()];
  queue.push(first);
  expect(queue.take(1)).toEqual([first]);
  queue.push(second);
  first.abort();
  expect(queue.length).toBe(1);
});
