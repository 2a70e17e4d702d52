/** Load that does not wait for answers: requests are sent at random times (Poisson), however slow the service is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Client } from './client.js';
import type { Payload } from './payload.js';

/** An answer, and when it arrived, in milliseconds since the load began. */
export interface TimedAnswer extends Answer {
  readonly answeredAt: number;
}

/** Sends requests at an average rate for some time, then waits for all answers. */
export async function openLoop(
  client: Client,
  payload: Payload,
  perSecond: number,
  seconds: number,
): Promise<TimedAnswer[]> {
  const began = performance.now();
  const elapsed = (): number => performance.now() - began;
  const pending: Promise<TimedAnswer>[] = [];
  for (let due = gap(perSecond); due < seconds * 1000; due += gap(perSecond)) {
    // Timers are coarse: requests that are already due are sent at once.
    if (due > elapsed()) await sleep(due - elapsed());
    pending.push(client.post(payload).then((answer) => ({ ...answer, answeredAt: elapsed() })));
  }
  return Promise.all(pending);
}

/** Milliseconds to the next arrival. */
function gap(perSecond: number): number {
  return (-Math.log(1 - Math.random()) * 1000) / perSecond;
}
