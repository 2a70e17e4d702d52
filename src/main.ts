/** Starts the service, and stops it when it is told to. */
import { startFailureText } from './start-failure.js';

/** Nest cannot stop what has not started: signals that come before wait. Later ones must not kill a process that exits. */
const received: NodeJS.Signals[] = [];
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => received.push(signal));

try {
  // Loaded only now, so that a failure of that (too few files may be open) is told like any other.
  const { serve } = await import('./serve.js');
  await serve();
  if (received.length > 0) process.kill(process.pid, received[0]);
} catch (error) {
  console.error(startFailureText(error));
  process.exit(1);
}
