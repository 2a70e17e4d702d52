/** A server that answers each connection with the steps that it was last given. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { play, type Step } from '../core/exchange.js';

/** Paths that are answered with a valid picture. One of them has a UTF-8 character, percent-encoded once. */
const VALID = /^GET \/valid(-%C3%A9)? /;

export class MisbehavingServer {
  private reply: readonly Step[] = [];
  private open = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly picture: Buffer,
  ) {}

  static async start(picture: Buffer): Promise<MisbehavingServer> {
    const server = createServer({ allowHalfOpen: true });
    const made = new MisbehavingServer(server, picture);
    server.on('connection', (socket) => made.serve(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return made;
  }

  /** `host:port`. */
  get address(): string {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
  }

  /** Number of connections that the other side has not closed yet. */
  get connections(): number {
    return this.sockets.size;
  }

  /** @param open whether a connection stays open after the reply */
  behave(reply: readonly Step[], open: boolean): void {
    this.reply = reply;
    this.open = open;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    const over = once(socket, 'close').catch(() => []);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    // A connection that the caller has half closed does not count.
    socket.on('end', () => socket.destroy());
    socket.once('data', (request: Buffer) => {
      const valid = VALID.test(request.toString('latin1', 0, 20));
      const length = this.picture.length;
      const steps = valid
        ? [
            { text: `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n` },
            { base64: this.picture.toString('base64') },
          ]
        : this.reply;
      const { open } = this;
      void play(socket, steps, over).then(() => {
        if (!open && !valid) socket.end();
      });
    });
  }
}
