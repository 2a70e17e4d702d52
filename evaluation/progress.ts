/** Progress of an evaluation: one updated line on a terminal, a line every few seconds elsewhere. */
import type { ProgressLine } from './evaluation.js';

/** Where the lines go; `process.stderr` is one. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const TTY_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 10_000;

/** Counts up to `total` and shows the progress. */
export function startProgress(terminal: Terminal, label: string, total: number): ProgressLine {
  const startedAt = performance.now();
  const interval = terminal.isTTY === true ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS;
  let shownAt = startedAt;
  let count = 0;
  const perSecond = (): number => (1000 * count) / Math.max(1, performance.now() - startedAt);
  const show = (): void => {
    shownAt = performance.now();
    const line = `${label}: ${count} of ${total} (${perSecond().toFixed(1)} per second)`;
    // Carriage return and "erase to the end of the line".
    terminal.write(terminal.isTTY === true ? `\r${line}\u001b[K` : `${line}\n`);
  };
  return {
    tick: () => {
      count++;
      if (performance.now() - shownAt >= interval) show();
    },
    done: () => {
      show();
      if (terminal.isTTY === true) terminal.write('\n');
      return perSecond();
    },
  };
}
