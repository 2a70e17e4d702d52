/** An npm registry on the loopback interface with one package, which can be told to misbehave. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { create } from 'tar';

/** What the registry does with the tarball. */
export type Behaviour = 'serve' | 'tamper' | 'cut off' | 'stall';

const NAME = 'tiny-graphs';

/** A running registry; close it after the test. */
export class StandInRegistry {
  behaviour: Behaviour = 'serve';
  /** Where set, requests without this token are refused. */
  token: string | undefined;
  /** Address, also after it is closed. */
  url = '';
  /** Settles when the tarball has been asked for. */
  readonly asked: Promise<void>;
  private resolveAsked: () => void = () => undefined;
  private readonly server = createServer((request, response) => {
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end();
    } else if (request.url === `/${NAME}`) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.packument()));
    } else if (request.url?.endsWith('.tgz') === true) {
      this.resolveAsked();
      this.sendTarball(response);
    } else {
      response.writeHead(404).end();
    }
  });

  private constructor(private readonly tarball: Buffer) {
    this.asked = new Promise((resolve) => (this.resolveAsked = resolve));
  }

  /** Starts a registry that serves version 1.0.0 of a package with `files`. */
  static async start(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<StandInRegistry> {
    await mkdir(join(folder, 'package'), { recursive: true });
    const manifest = Buffer.from(JSON.stringify({ name: NAME, version: '1.0.0' }));
    for (const [name, content] of Object.entries({ 'package.json': manifest, ...files })) {
      await writeFile(join(folder, 'package', name), content);
    }
    const file = join(folder, 'tarball.tgz');
    await create({ gzip: true, file, cwd: folder }, ['package']);
    const registry = new StandInRegistry(await readFile(file));
    await new Promise<void>((resolve) => registry.server.listen(0, '127.0.0.1', resolve));
    registry.url = `http://127.0.0.1:${(registry.server.address() as AddressInfo).port}`;
    return registry;
  }

  /** The `sources` entry of a pack.json. */
  get source() {
    return { package: `${NAME}@1.0.0`, integrity: this.integrity, bytes: this.tarball.length };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private get integrity(): string {
    return `sha512-${createHash('sha512').update(this.tarball).digest('base64')}`;
  }

  private packument() {
    const dist = { tarball: `${this.url}/${NAME}/-/${NAME}-1.0.0.tgz`, integrity: this.integrity };
    return {
      name: NAME,
      'dist-tags': { latest: '1.0.0' },
      versions: { '1.0.0': { name: NAME, version: '1.0.0', dist } },
    };
  }

  private sendTarball(response: ServerResponse): void {
    const half = this.tarball.subarray(0, this.tarball.length / 2);
    response.writeHead(200, { 'content-length': this.tarball.length });
    switch (this.behaviour) {
      case 'serve':
        response.end(this.tarball);
        break;
      case 'tamper':
        response.end(Buffer.from(this.tarball).fill(0, half.length, half.length + 20));
        break;
      case 'cut off':
        response.write(half, () => response.destroy());
        break;
      case 'stall':
        response.write(half);
        break;
    }
  }
}
