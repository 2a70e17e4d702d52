/** Load of a fixed concurrency: each caller sends its next request as soon as the last one is answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Client } from './client.js';
import type { Payload } from './payload.js';

/** How long to load. The window closes when both are reached, and at `MAX_WINDOW_MS` at the latest. */
export interface Window {
  /** Time before the window opens, in milliseconds. */
  readonly warmUpMs: number;
  /** Least length of the window, in milliseconds. */
  readonly windowMs: number;
  /** Least number of answers in it. */
  readonly answers: number;
}

/** What was answered within the window. */
export interface ClosedLoopResult {
  readonly requestsPerSecond: number;
  readonly answers: Answer[];
}

const MAX_WINDOW_MS = 20_000;

/**
 * @param meters is called when the window opens and when it closes
 * @throws Error when anything but 200 is answered
 */
export async function closedLoop(
  client: Client,
  payload: Payload,
  concurrency: number,
  { warmUpMs, windowMs, answers: least }: Window,
  meter: () => Promise<void> = () => Promise.resolve(),
): Promise<ClosedLoopResult> {
  const answers: Answer[] = [];
  let isOpen = false;
  let isOver = false;
  const caller = async (): Promise<void> => {
    while (!isOver) {
      const answer = await client.post(payload);
      if (answer.status !== 200) throw new Error(`Answered ${answer.status}: ${answer.text()}`);
      if (isOpen) answers.push(answer);
    }
  };
  const callers = Promise.all(Array.from({ length: concurrency }, caller));
  const measure = async (): Promise<number> => {
    await sleep(warmUpMs);
    await meter();
    const opened = performance.now();
    isOpen = true;
    const elapsed = (): number => performance.now() - opened;
    while (elapsed() < windowMs || (answers.length < least && elapsed() < MAX_WINDOW_MS)) await sleep(50);
    isOpen = false;
    const seconds = elapsed() / 1000;
    await meter();
    return seconds;
  };
  // A caller that fails ends the measurement.
  const seconds = await Promise.race([measure(), callers.then(() => NaN)]).finally(() => (isOver = true));
  await callers;
  return { requestsPerSecond: answers.length / seconds, answers };
}
