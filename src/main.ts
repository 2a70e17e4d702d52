/** Starts the service. */
import { Logger } from '@nestjs/common';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/config.js';
import { AppError } from './errors.js';

try {
  const config = loadConfig();
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  const url = await app.getUrl();
  const explore = config.docsEnabled && config.managementPort === undefined;
  new Logger('Main').log(`Listening on ${url}${explore ? `; explore the API at ${url}/docs` : ''}`);
} catch (error) {
  // What the operator can mend is one sentence; anything else is a defect and keeps its stack.
  console.error(error instanceof AppError ? error.message : error);
  process.exit(1);
}
