/** Explains to the operator why the service does not start: in one sentence if it can be fixed, otherwise with a stack. */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { AppError } from './errors.js';

/** System errors about the address to listen on, by code. */
const LISTENING: Readonly<Record<string, (host: string, port: number | string) => string>> = {
  EADDRINUSE: (host, port) =>
    `Another process uses port ${port} of ${host}: stop it, or choose another PORT or MANAGEMENT_PORT.`,
  EACCES: (_, port) =>
    `This user may not use port ${port}: choose a PORT and MANAGEMENT_PORT above 1023, or grant permission.`,
  EADDRNOTAVAIL: (host) =>
    `HOST ${host} is not an address of this machine: set one, or 0.0.0.0 for all of them.`,
};
/** System errors about exhausted resources, by code. */
const SHORT_OF: Readonly<Record<string, string>> = {
  EMFILE: 'The limit on open files is too low: raise it (`ulimit -n`) to 1024 or more.',
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
      LISTENING[code]?.(host, port ?? '') ??
      `The service cannot listen on HOST ${host}, PORT ${port} (${code}).`
    );
  }
  if (syscall === 'getaddrinfo')
    return `HOST ${hostname} is neither an address nor a name that can be resolved (${code}).`;
  // With too few open files, Node reports files that it cannot open as missing.
  return SHORT_OF[hasFewFiles() ? 'EMFILE' : code] ?? inspect(error);
}

/** With a lower limit, Node cannot even load the modules. */
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
