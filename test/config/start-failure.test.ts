/** What an operator reads after a failed start, for real system errors. */
import { once } from 'node:events';
import { createServer, type ListenOptions } from 'node:net';
import { AppError } from '../../src/errors.js';
import { startFailureText } from '../../src/start-failure.js';

async function listenFailure(options: ListenOptions): Promise<unknown> {
  const server = createServer().listen(options);
  try {
    await once(server, 'listening');
  } catch (error) {
    return error;
  }
  server.close();
  throw new Error('It listens.');
}

test('addresses that cannot be listened on', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const text = async (options: ListenOptions): Promise<string> =>
    startFailureText(await listenFailure(options));
  expect(await text({ port, host: '127.0.0.1' })).toBe(
    `Another process uses port ${port} of 127.0.0.1: stop it, or choose another PORT or MANAGEMENT_PORT.`,
  );
  server.close();
  expect(await text({ port: 0, host: '203.0.113.9' })).toMatch(
    /^HOST 203\.0\.113\.9 is not an address of this machine/,
  );
  expect(await text({ port: 0, host: 'no such host' })).toMatch(
    /^HOST no such host is neither an address nor a name/,
  );
});

test.each([
  [{ syscall: 'listen', code: 'EACCES', address: '0.0.0.0', port: 80 }, /^This user may not use port 80/],
  [
    { syscall: 'listen', code: 'EINVAL', address: '::1', port: 1 },
    /^The service cannot listen on HOST ::1, PORT 1 \(EINVAL\)/,
  ],
  [{ code: 'EMFILE' }, /^The limit on open files is too low/],
  [{ code: 'ERR_WORKER_INIT_FAILED' }, /^No worker thread can be started/],
  [{ code: 'ENOSPC' }, /^There is no space left/],
])('%j is one sentence', (facts, sentence) => {
  const text = startFailureText(Object.assign(new Error('made up'), facts));
  expect(text).toMatch(sentence);
  expect(text).not.toMatch(/\n|\bat /);
});

test('an expected failure shows its message, a bug its stack, and anything may be thrown', () => {
  expect(startFailureText(new AppError('invalid_pack', 'It is damaged.'))).toBe('It is damaged.');
  expect(startFailureText(new TypeError('odd'))).toMatch(/^TypeError: odd\n\s+at /);
  for (const thrown of [null, undefined, 'text', 5]) expect(startFailureText(thrown)).not.toBe('');
});
