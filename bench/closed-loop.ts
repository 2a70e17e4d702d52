/** Load of a fixed concurrency: each caller sends its next request as soon as the previous one is answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Client } from './client.js';
import type { Payload } from './payload.js';

/** How long to measure. The window closes when both minimums are reached, but at `MAX_WINDOW_MS` at the latest. */
export interface Window {
  /** Milliseconds of load before the window opens. */
  readonly warmUpMs: number;
  /** Minimum length of the window in milliseconds. */
  readonly windowMs: number;
  /** Minimum number of answers within the window. */
  readonly answers: number;
}

/** The answers within the window. */
export interface ClosedLoopResult {
  readonly requestsPerSecond: number;
  readonly answers: Answer[];
}

const MAX_WINDOW_MS = 20_000;

/**
 * Loads a server.
 * @param meter is called when the window opens and when it closes
 * @throws Error if any status but 200 is answered
 */
export async function closedLoop(
  client: Client,
  payload: Payload,
  concurrency: number,
  { warmUpMs, windowMs, answers: minAnswers }: Window,
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
    while (elapsed() < windowMs || (answers.length < minAnswers && elapsed() < MAX_WINDOW_MS))
      await sleep(50);
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
