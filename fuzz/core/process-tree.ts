/** Reads from /proc the memory of a process and its children, and how long a thread has waited for a CPU. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Total resident memory of the processes in MiB; 0 if it cannot be read. */
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
 * Milliseconds that the main thread of a process has been ready to run while no CPU was free; undefined if this cannot be read.
 * It tells delays of a shared machine from delays of the process itself.
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

/** The content of a file; empty if it cannot be read, because processes come and go. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
