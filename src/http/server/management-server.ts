/** The second port: the same application, plus the routes that are not public. */
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../../config/config.js';
import { createHttpServer } from './http-server.js';

const managementRequests = new WeakSet<IncomingMessage>();

/** Whether a request came in through the management port. */
export function isManagementRequest(request: IncomingMessage): boolean {
  return managementRequests.has(request);
}

/** Listens while the application runs, if MANAGEMENT_PORT is set. It closes after the first port, so that health checks are answered to the end. */
@Injectable()
export class ManagementServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private server?: Server;

  constructor(
    private readonly config: Config,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** The port it listens on; undefined if there is none. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { managementPort, host } = this.config;
    if (managementPort === undefined) return;
    const serve = this.adapterHost.httpAdapter.getInstance<RequestListener>();
    this.server = createHttpServer(this.config, (request, response) => {
      managementRequests.add(request);
      serve(request, response);
    });
    this.server.listen(managementPort, host);
    await once(this.server, 'listening');
    new Logger('ManagementServer').log(`Management port: ${this.port}`);
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}
