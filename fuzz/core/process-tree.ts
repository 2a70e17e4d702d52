/** What the kernel tells of a process and its children: memory, and the waiting of a thread for a processor. Linux. */
import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of some processes together, in MiB; 0 where the kernel does not tell. */
export function residentMiB(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + residentOf(pid), 0);
}

/** A process and its descendants. */
export function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(/\) \S (\d+)/.exec(read(`/proc/${name}/stat`))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

/**
 * How long the main thread of a process has been ready to run while no processor was free, in milliseconds; undefined
 * where the kernel does not tell. What a shared machine costs is told apart by it from what the process does.
 */
export function waitedForProcessorMs(pid: number): number | undefined {
  const waited = read(`/proc/${pid}/task/${pid}/schedstat`).split(' ')[1];
  return waited === undefined ? undefined : Number(waited) / 1e6;
}

function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty where it cannot be read: processes come and go. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
