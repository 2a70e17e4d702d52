/** A web server on the loopback interface with one file, which can be told to misbehave; also usable as a proxy. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does with one request; `serve` is what an honest one does, ranges included. */
export type Behaviour =
  | 'serve'
  | 'cut off'
  | 'stall'
  | 'stall at once'
  | 'page'
  | 'overload'
  | 'refuse'
  | 'claim more'
  | 'claim less'
  | 'no length'
  | 'ignore range'
  | 'wrong range'
  | 'redirect';

/** A running server; close it after the test. */
export class StandInHost {
  /** What to do with the coming requests, in their order; `serve` once the list is at its end. */
  readonly script: Behaviour[] = [];
  /** The `Range` header of each request, and '' for one without. */
  readonly ranges: string[] = [];
  /** Addresses asked for as of a proxy. */
  readonly proxied: string[] = [];
  etag: string | undefined = '"1"';
  url = '';
  private readonly server = createServer((request, response) => this.answer(request, response));

  private constructor(
    public file: Buffer,
    private readonly name: string,
  ) {}

  static async start(name: string, file: Buffer): Promise<StandInHost> {
    const host = new StandInHost(file, name);
    await new Promise<void>((resolve) => host.server.listen(0, '127.0.0.1', resolve));
    host.url = `http://127.0.0.1:${(host.server.address() as AddressInfo).port}/${name}`;
    return host;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { range = '', 'if-range': condition } = request.headers;
    if (request.url?.startsWith('http:') === true) this.proxied.push(request.url);
    if (request.url?.endsWith(this.name) === false) return void response.writeHead(404).end();
    this.ranges.push(range);
    const behaviour = this.script.shift() ?? 'serve';
    const isPart = range !== '' && condition === this.etag && behaviour !== 'ignore range';
    const first = isPart ? Number(/\d+/.exec(range)?.[0]) + (behaviour === 'wrong range' ? 1 : 0) : 0;
    const body = this.file.subarray(first);
    const half = body.subarray(0, body.length / 2);
    const { length } = body;
    const lengths = { 'claim more': length + 10, 'claim less': length - 10, 'no length': undefined };
    const stated = behaviour in lengths ? lengths[behaviour as keyof typeof lengths] : length;
    const head = (): ServerResponse =>
      response.writeHead(isPart ? 206 : 200, {
        ...(stated !== undefined && { 'content-length': stated }),
        ...(this.etag !== undefined && { etag: this.etag }),
        ...(isPart && { 'content-range': `bytes ${first}-${this.file.length - 1}/${this.file.length}` }),
      });
    switch (behaviour) {
      case 'cut off':
      case 'stall':
        head().write(half, () => behaviour === 'cut off' && response.destroy());
        break;
      case 'stall at once':
        break;
      case 'page':
        response.end('<html>Please log in</html>');
        break;
      case 'overload':
        response.writeHead(503).end();
        break;
      case 'refuse':
        response.writeHead(403).end();
        break;
      case 'redirect':
        response.writeHead(302, { location: `/moved/${this.name}` }).end();
        break;
      case 'claim more':
        head().write(body, () => response.destroy());
        break;
      case 'claim less':
        // By hand, because Node.js does not send more than it has stated.
        response.socket?.end(
          Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${stated}\r\n\r\n`), body]),
        );
        break;
      case 'serve':
      case 'no length':
      case 'ignore range':
      case 'wrong range':
        head().end(body);
        break;
    }
  }
}
