/** Starts the service. */
import { Logger } from '@nestjs/common';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/config.js';
import { AppError } from './errors.js';
import { logProcessWarnings } from './telemetry/service-logger.js';

try {
  const config = loadConfig();
  const app = await createApp(config);
  logProcessWarnings();
  await app.listen(config.port, config.host);
  new Logger('Main').log(`Listening on ${await app.getUrl()}; explore the API at ${await app.getUrl()}/docs`);
} catch (error) {
  // What the operator can mend is one sentence; anything else is a defect and keeps its stack.
  console.error(error instanceof AppError ? error.message : error);
  process.exit(1);
}
