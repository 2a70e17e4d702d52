/** A network namespace in which every address is local, so that every connection reaches our servers. Linux only. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figures } from '../core/figures.js';
import { NAME_SERVER } from './name-server.js';

const UNSHARE = ['unshare', '--map-root-user', '--net', '--mount'] as const;
const SETUP = `set -e
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
`;
const RESOLVER = 'mount --bind "$1" /etc/resolv.conf\nshift\nexec "$@"';

/** Why no namespace can be created on this machine; undefined if one can. */
export function namespaceMissing(): string | undefined {
  const [program, ...args] = UNSHARE;
  const { error, status, stderr } = spawnSync(program, [...args, 'sh', '-c', SETUP], { encoding: 'utf8' });
  if (error === undefined && status === 0) return undefined;
  return `no network namespace (needs Linux, unshare, iproute2 and permission to create one): ${error?.message ?? stderr.trim()}`;
}

/** Runs this command line again inside a namespace. @param args arguments of the command line @returns the figures */
export async function inNamespace(args: readonly string[]): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const resolver = join(folder, 'resolv.conf');
  writeFileSync(resolver, `nameserver ${NAME_SERVER}\noptions timeout:1 attempts:1\n`);
  const [program, ...unshare] = UNSHARE;
  const inside = [process.execPath, process.argv[1], ...args, '--inside'];
  const child = spawn(program, [...unshare, 'sh', '-c', SETUP + RESOLVER, 'sh', resolver, ...inside], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error('The run in the network namespace ended without figures.');
  });
  try {
    const [figures] = (await Promise.race([once(child, 'message'), ended])) as [Figures];
    return figures;
  } finally {
    ended.catch(() => undefined);
    rmSync(folder, { recursive: true });
  }
}
