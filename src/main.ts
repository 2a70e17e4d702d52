/** Starts the service, and stops it on a signal. */
import { startFailureText } from './start-failure.js';

/** Nest cannot stop before it has started, so earlier signals are kept. Later ones must not kill a process that is exiting. */
const received: NodeJS.Signals[] = [];
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => received.push(signal));

try {
  // Imported here so that a failure to load (too few open files allowed) is reported like any other. The service, which is
  // large, is imported only after the settings have been validated.
  const { loadConfig } = await import('./config/config.js');
  const config = loadConfig();
  const { serve } = await import('./serve.js');
  await serve(config);
  if (received.length > 0) process.kill(process.pid, received[0]);
} catch (error) {
  console.error(startFailureText(error));
  process.exit(1);
}
