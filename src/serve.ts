/** Runs the service as a process: application, log and shutdown. */
import { inspect } from 'node:util';
import { Logger, ShutdownSignal } from '@nestjs/common';
import { createApp } from './app.setup.js';
import type { Config } from './config/config.js';
import { guardLogOutput } from './telemetry/log-output.js';
import { logProcessWarnings } from './telemetry/service-logger.js';

const STOP_SIGNALS = [ShutdownSignal.SIGTERM, ShutdownSignal.SIGINT, ShutdownSignal.SIGHUP];

/**
 * Resolves when the service accepts requests.
 * @throws AppError, or a system error, if it cannot start
 */
export async function serve(config: Config): Promise<void> {
  guardLogOutput();
  // After an uncaught error or an unhandled rejection the state of the process is unknown, so it ends.
  process.on('uncaughtException', (error: unknown) => {
    new Logger('Main').fatal(`The process ends because of an unexpected error: ${inspect(error)}`);
    process.exit(1);
  });
  const app = await createApp(config);
  logProcessWarnings();
  await app.listen(config.port, config.host);
  const url = await app.getUrl();
  const explore = config.docsEnabled && config.managementPort === undefined;
  new Logger('Main').log(`Listening on ${url}${explore ? `; explore the API at ${url}/docs` : ''}`);
  // After a clean shutdown the exit code is 0, not that of the signal.
  app.enableShutdownHooks(STOP_SIGNALS, { useProcessExit: true });
}
