/** The log's output: broken, full and slow ones. */
import { Writable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { droppedLines, guard } from '../../src/telemetry/log-output.js';
import { until } from '../support/until.js';

let told: unknown[];
beforeEach(() => {
  told = [];
  const note = (line: unknown): void => void told.push(line);
  Logger.overrideLogger({ log: note, warn: note, error: note });
});

/** As Node's own: an error does not end it for good. */
class Output extends Writable {
  failure?: Error;
  isStuck = false;
  written = '';
  private waiting: (() => void)[] = [];

  override _write(chunk: Buffer, _: unknown, done: (error?: Error) => void): void {
    if (this.failure !== undefined) return done(this.failure);
    this.written += chunk.toString();
    if (this.isStuck) this.waiting.push(done);
    else done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    (this as unknown as { _undestroy: () => void })._undestroy();
  }

  flow(): void {
    this.isStuck = false;
    for (const done of this.waiting.splice(0)) done();
  }
}

test.each(['EPIPE', 'ENOSPC'])(
  '%s: lines are dropped, counted, and told of when it works again',
  async (code) => {
    const before = droppedLines();
    const output = new Output();
    guard(output);
    output.write('first\n');
    output.failure = Object.assign(new Error('broken'), { code });
    for (let i = 0; i < 1_000; i++) output.write('lost\n');
    await until(() => droppedLines() - before === 1_000);
    output.failure = undefined;
    await until(() => {
      output.write('again\n');
      return output.written.includes('again');
    });
    expect(output.written).toMatch(/^first\n(again\n)+$/);
    await until(() => told.length > 0);
    expect(told[0]).toMatch(new RegExp(`^\\d{4,} log lines were dropped: ${code}\\.$`));
    expect(told).toHaveLength(1);
  },
);

test('a slow reader: no more than a megabyte waits for it, the rest is dropped and told of', async () => {
  const output = new Output();
  guard(output);
  output.isStuck = true;
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 5_000; i++) output.write(line);
  expect(output.writableLength).toBeLessThan(1.1 * 1024 * 1024);
  expect(output.writableLength).toBeGreaterThan(1_000_000);
  output.flow();
  await until(() => output.writableLength === 0);
  output.write('again\n');
  await until(() => told.length > 0);
  expect(told[0]).toMatch(/^39\d\d log lines were dropped: its reader is too slow\.$/);
});

test('whoever waits for a line to be written is told, whatever becomes of it', async () => {
  const output = new Output();
  guard(output);
  const write = (): Promise<unknown> => new Promise((resolve) => output.write('x', 'utf8', resolve));
  await write();
  output.failure = new Error('broken');
  expect(await write()).toBe(output.failure);
  await write();
});
