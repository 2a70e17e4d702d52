/** Starts the service, and stops it when it is told to. */
import { Logger, ShutdownSignal } from '@nestjs/common';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/config.js';
import { AppError } from './errors.js';

const STOP_SIGNALS = [ShutdownSignal.SIGTERM, ShutdownSignal.SIGINT, ShutdownSignal.SIGHUP];

/** Nest cannot stop what has not started: signals that come before wait. Later ones must not kill a process that exits. */
const received: ShutdownSignal[] = [];
for (const signal of STOP_SIGNALS) process.on(signal, () => received.push(signal));

try {
  const config = loadConfig();
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  new Logger('Main').log(`Listening on ${await app.getUrl()}; explore the API at ${await app.getUrl()}/docs`);
  // A stop that went well is no death by signal: the exit code is 0.
  app.enableShutdownHooks(STOP_SIGNALS, { useProcessExit: true });
  if (received.length > 0) process.kill(process.pid, received[0]);
} catch (error) {
  // What the operator can mend is one sentence; anything else is a defect and keeps its stack.
  console.error(error instanceof AppError ? error.message : error);
  process.exit(1);
}
