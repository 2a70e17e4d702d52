/** The service as a process: its settings, its application, its log, its end. */
import { inspect } from 'node:util';
import { Logger, ShutdownSignal } from '@nestjs/common';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/config.js';
import { guardLogOutput } from './telemetry/log-output.js';
import { logProcessWarnings } from './telemetry/service-logger.js';

const STOP_SIGNALS = [ShutdownSignal.SIGTERM, ShutdownSignal.SIGINT, ShutdownSignal.SIGHUP];

/**
 * Resolves when it serves.
 * @throws AppError, or an error of the system, why it cannot
 */
export async function serve(): Promise<void> {
  guardLogOutput();
  // A defect that nobody has caught, a rejected promise included, leaves a state that nobody knows: it ends the process.
  process.on('uncaughtException', (error: unknown) => {
    new Logger('Main').fatal(`The process ends by a defect: ${inspect(error)}`);
    process.exit(1);
  });
  const config = loadConfig();
  const app = await createApp(config);
  logProcessWarnings();
  await app.listen(config.port, config.host);
  const url = await app.getUrl();
  const explore = config.docsEnabled && config.managementPort === undefined;
  new Logger('Main').log(`Listening on ${url}${explore ? `; explore the API at ${url}/docs` : ''}`);
  // A stop that went well is no death by signal: the exit code is 0.
  app.enableShutdownHooks(STOP_SIGNALS, { useProcessExit: true });
}
