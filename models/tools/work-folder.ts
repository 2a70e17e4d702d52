/** A temporary folder beside the results, which are renamed into place; removed however the work ends. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { constants, hostname } from 'node:os';
import { join } from 'node:path';

const PREFIX = '.tmp-';
/** No preparation takes this long: an older folder was left behind. */
const STALE_MS = 60 * 60 * 1000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` with a new folder inside `parent` and removes that folder, even if the process is told to exit. Folders
 * that a killed run left in `parent` are removed first; those of a running process are not touched.
 * @param save moves out of the folder what must be kept; synchronous, as the process may be exiting
 */
export async function withWorkFolder<T>(
  parent: string,
  work: (folder: string) => Promise<T>,
  save: (folder: string) => void = () => undefined,
): Promise<T> {
  await removeStale(parent);
  const folder = join(parent, `${PREFIX}${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`);
  const onSignal = (signal: (typeof SIGNALS)[number]): void => {
    save(folder);
    rmSync(folder, { recursive: true, force: true });
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    await mkdir(folder);
    return await work(folder);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    save(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeStale(parent: string): Promise<void> {
  const names = await readdir(parent);
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    if (await isStale(join(parent, name), name))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function isStale(path: string, name: string): Promise<boolean> {
  const [pid = 0] = name.match(/(?<=-)\d+(?=-[0-9a-f]+$)/)?.map(Number) ?? [];
  // A process number is meaningful only on this host; a shared disk may hold folders of other hosts.
  if (name.startsWith(`${PREFIX}${hostname()}-`) && !isRunning(pid)) return true;
  const modified = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  return Date.now() - modified > STALE_MS;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
