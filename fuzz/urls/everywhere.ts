/** Servers that listen on every address, and record which of them were reached. */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

const HTTP_PORT = 80;
/** Other ports worth trying. Only whether they were reached counts. */
const OTHER_PORTS = [22, 443, 2375, 6379, 8080, 9200];

export class Everywhere {
  private readonly reached = new Set<string>();

  private constructor(
    private readonly servers: readonly { close(): unknown }[],
    private readonly picture: Buffer,
  ) {}

  static async start(picture: Buffer): Promise<Everywhere> {
    const web: Server = createHttpServer((request, response) => made.serve(request, response));
    const others = OTHER_PORTS.map(() => createServer((socket) => socket.on('error', () => undefined).end()));
    const made = new Everywhere([web, ...others], picture);
    for (const [at, server] of [web, ...others].entries()) {
      server.on('connection', (socket: Socket) => made.note(socket));
      server.listen({ port: [HTTP_PORT, ...OTHER_PORTS][at], host: '::' });
      await once(server, 'listening');
    }
    return made;
  }

  /** The addresses reached since the last call. */
  take(): string[] {
    const taken = [...this.reached];
    this.reached.clear();
    return taken;
  }

  close(): void {
    for (const server of this.servers) server.close();
  }

  private note({ localAddress = '' }: Socket): void {
    this.reached.add(localAddress.replace(/^::ffff:(?=\d+\.)/, ''));
  }

  /** `/to?URL` redirects there; anything else is a picture. */
  private serve({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const [path, target] = url.split('?');
    const status = /^\/to(\d{3})$/.exec(path)?.[1];
    // Characters beyond ASCII are sent as UTF-8 bytes.
    const location = Buffer.from(decodeURIComponent(target ?? '')).toString('latin1');
    if (status !== undefined) response.writeHead(Number(status), { location }).end();
    else response.writeHead(200, { 'content-type': 'image/jpeg' }).end(this.picture);
  }
}
