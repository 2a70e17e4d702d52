/** Builds the application as it is served, for `main.ts` and the tests alike. */
import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { DrainingAdapter } from './http/draining.adapter.js';
import { ProblemFilter } from './http/problem.filter.js';
import { requestContext } from './http/request-context.js';
import { RAW_IMAGE_TYPES } from './http/request-input.js';

const LOG_LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** The application, set up but not yet listening. */
export async function createApp(config: Config): Promise<NestExpressApplication> {
  const logLevels = LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(config.logLevel as LogLevel) + 1);
  const adapter = new DrainingAdapter(config.requestTimeoutMs);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new ConsoleLogger({ logLevels, json: config.logFormat === 'json' }),
  });
  app.disable('x-powered-by');
  // Answers to POST are never cached: hashing them would be work for nothing.
  app.disable('etag');
  app.use(requestContext(config.requestTimeoutMs));
  // Swagger UI needs inline scripts and styles; an API that answers JSON needs no page of its own.
  app.use(helmet({ contentSecurityPolicy: false }));
  app.useBodyParser('json', { limit: config.maxBodyBytes });
  app.useBodyParser('raw', { type: RAW_IMAGE_TYPES, limit: config.imageMaxBytes });
  app.useGlobalFilters(new ProblemFilter());
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    customSiteTitle: 'Face analysis API',
  });
  return app;
}

function openApiDocument(app: NestExpressApplication): ReturnType<typeof SwaggerModule.createDocument> {
  const description =
    'Finds the faces of a picture, describes each of them, and compares the faces of two pictures. ' +
    'Every error is a problem document (RFC 9457) with a stable `code` and the id of the request.';
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder().setTitle('Face analysis API').setDescription(description).setVersion('1').build(),
  );
  // Express needs the colon of `insightface:detect` escaped; a reader does not.
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, item]) => [path.replaceAll('\\', ''), item]),
  );
  return document;
}
