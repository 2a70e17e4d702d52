/** Why the service does not start, for the operator: what can be mended is one sentence, anything else keeps its stack. */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { AppError } from './errors.js';

/** Errors of the system about an address to listen on, by code. */
const LISTENING: Readonly<Record<string, (host: string, port: number | string) => string>> = {
  EADDRINUSE: (host, port) =>
    `Port ${port} of ${host} is taken by another process: stop that, or choose another PORT or MANAGEMENT_PORT.`,
  EACCES: (_, port) =>
    `Port ${port} may not be used by this user: choose a PORT and MANAGEMENT_PORT above 1023, or permit it.`,
  EADDRNOTAVAIL: (host) => `HOST ${host} is no address of this machine: 0.0.0.0 stands for all of them.`,
};
/** What the system says when it has no more of something, by code. */
const SHORT_OF: Readonly<Record<string, string>> = {
  EMFILE: 'The process may open too few files: raise its limit (`ulimit -n`) to 1024 or more.',
  ENFILE: 'The machine has too many open files.',
  ENOMEM: 'There is not enough memory.',
  EAGAIN:
    'No thread can be started: raise the limit on processes (`ulimit -u`, the pids limit of the container).',
  ERR_WORKER_INIT_FAILED:
    'No worker thread can be started: raise the limits on files and processes (`ulimit -n`, `ulimit -u`, the pids limit of the container).',
  ENOSPC: 'There is no space left on the disk.',
  EDQUOT: 'There is no space left on the disk for this user.',
};

export function startFailureText(error: unknown): string {
  if (error instanceof AppError) return error.message;
  const {
    code = '',
    syscall,
    address,
    hostname,
    port,
  } = (error ?? {}) as Readonly<Record<string, string | undefined>>;
  if (syscall === 'listen' || syscall === 'bind') {
    const host = address ?? '';
    return (
      LISTENING[code]?.(host, port ?? '') ?? `HOST ${host}, PORT ${port} cannot be listened on (${code}).`
    );
  }
  if (syscall === 'getaddrinfo')
    return `HOST ${hostname} is no address, and no name that can be resolved (${code}).`;
  // Node calls a file that it may not open one that does not exist.
  return SHORT_OF[hasFewFiles() ? 'EMFILE' : code] ?? inspect(error);
}

/** Fewer than this do not even let Node load the modules. */
const MIN_FILES = 512;

function hasFewFiles(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const [, limit = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(limit) < MIN_FILES && limit !== '';
  } catch {
    return true;
  }
}
