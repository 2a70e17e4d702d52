/** What the tests of this room share: a configuration, errors as values, and servers on loopback addresses. */
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createRawServer,
  type Server as RawServer,
  type Socket,
} from 'node:net';
import { Config } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';

/** The default configuration with some settings changed. */
export function configWith(settings: Partial<Config> = {}): Config {
  return Object.assign(new Config(), settings);
}

/** A signal that never aborts. */
export const patient = new AbortController().signal;

/** The AppError that work ends in; anything else, success included, fails the test. */
export async function refusalOf(work: () => unknown): Promise<AppError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

/** A server on a free port of a loopback address, which knows how many sockets it got and has open. */
export class LoopbackServer {
  readonly open = new Set<Socket>();
  connections = 0;

  private constructor(
    private readonly server: Server | RawServer,
    private readonly address: string,
  ) {
    server.on('connection', (socket: Socket) => {
      this.connections++;
      this.open.add(socket);
      socket.on('error', () => undefined).once('close', () => this.open.delete(socket));
    });
  }

  static start(listener: RequestListener, address = '127.0.0.1'): Promise<LoopbackServer> {
    return LoopbackServer.listen(createServer(listener), address);
  }

  /** A server that answers the first bytes of each connection with whatever `answer` writes. */
  static startRaw(answer: (socket: Socket, request: string) => void): Promise<LoopbackServer> {
    const server = createRawServer((socket) => {
      socket.once('data', (request) => answer(socket, request.toString('latin1')));
    });
    return LoopbackServer.listen(server, '127.0.0.1');
  }

  private static async listen(server: Server | RawServer, address: string): Promise<LoopbackServer> {
    const loopback = new LoopbackServer(server, address);
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return loopback;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/'): string {
    return `http://${this.address}:${this.port}${path}`;
  }

  /** Resolves when every socket is closed, which is the client's doing; a leak ends in the test's time-out. */
  async drained(): Promise<void> {
    while (this.open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
