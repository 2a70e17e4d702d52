/** Builds the application, for `serve.ts` and for tests. */
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import helmet from 'helmet';
import { access } from './access/access.middleware.js';
import { documentAccess } from './access/access.openapi.js';
import { ApiKeys } from './access/api-keys.service.js';
import { RateLimiter } from './access/rate-limiter.service.js';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { crossOrigin } from './http/server/cross-origin.js';
import { DrainingAdapter } from './http/server/draining.adapter.js';
import { ProblemFilter } from './http/problems/problem.filter.js';
import { recordRequests } from './telemetry/request-recorder.js';
import { trustedProxies } from './http/server/trusted-proxies.js';
import { ServiceLogger } from './telemetry/service-logger.js';
import { Telemetry } from './telemetry/telemetry.service.js';

/** Returns the application, set up but not yet listening. */
export async function createApp(config: Config): Promise<NestExpressApplication> {
  const adapter = new DrainingAdapter(config);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new ServiceLogger(config),
  });
  app.disable('x-powered-by');
  // Responses to POST are never cached, so there is no point in hashing them.
  app.disable('etag');
  app.set('trust proxy', trustedProxies(config.trustedProxies));
  app.use(recordRequests(app.get(Telemetry), config.requestTimeoutMs));
  // Swagger UI needs inline scripts and styles, and JSON responses need no content security policy.
  app.use(helmet({ contentSecurityPolicy: false }));
  if (config.corsOrigins.length > 0) app.enableCors(crossOrigin(config.corsOrigins));
  // After CORS, because preflight requests carry no key. No body has been read at this point.
  app.use(access(config, app.get(ApiKeys), app.get(RateLimiter)));
  app.useGlobalFilters(new ProblemFilter());
  if (!config.docsEnabled) return app;
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    customSiteTitle: 'Face analysis API',
  });
  return app;
}

function openApiDocument(app: NestExpressApplication): ReturnType<typeof SwaggerModule.createDocument> {
  const description =
    'Finds the faces in a picture, describes each of them, and compares the faces of two pictures. ' +
    'Every error is a problem document (RFC 9457) with a stable `code` and the id of the request.';
  const document = SwaggerModule.createDocument(
    app,
    new DocumentBuilder().setTitle('Face analysis API').setDescription(description).setVersion('1').build(),
  );
  // Express needs the colon of `insightface:detect` escaped; the document does not.
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, item]) => [path.replaceAll('\\', ''), item]),
  );
  documentAccess(document, app.get(ApiKeys), app.get(RateLimiter));
  return document;
}
