/** Shows the licence of a download, and continues only if it is accepted. */
import { createInterface } from 'node:readline/promises';
import { AppError } from '../../src/errors.js';
import type { Terminal } from './progress.js';
import type { Download } from './sources.js';

/** Asks the user at the terminal; undefined where there is none. */
export type Ask = (question: string) => Promise<string>;

/**
 * Shows the licence and returns if it is accepted, by `isAccepted` or by the user's answer.
 * @throws AppError `pack_unavailable` if it is not
 */
export async function acceptLicence(
  pack: string,
  { url, licence, licenceUrl }: Download,
  isAccepted: boolean,
  terminal: Terminal,
  ask?: Ask,
): Promise<void> {
  terminal.write(`Pack:    ${pack}\nFrom:    ${url}\nLicence: ${licence}\n         ${licenceUrl}\n`);
  if (isAccepted) return;
  const answer = await ask?.('Do you accept this licence? Type "yes": ');
  if (answer?.trim().toLowerCase() === 'yes') return;
  const remedy = ask === undefined ? ' Read it, and add --accept-license to accept it.' : '';
  throw new AppError('pack_unavailable', `The licence of ${pack} was not accepted.${remedy}`);
}

/** Asks at this process's terminal; undefined where there is none. */
export function terminalAsk(): Ask | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    // Without this, Ctrl-C during the question would only end the question.
    lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  };
}
