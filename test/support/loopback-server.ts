/** Servers on loopback addresses that count their connections. */
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createRawServer,
  type Server as RawServer,
  type Socket,
} from 'node:net';

/** A server on a free port of a loopback address. It knows how many connections it accepted and which are open. */
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

  /** Resolves when the client has closed every connection. If one leaks, the test times out. */
  async drained(): Promise<void> {
    while (this.open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
