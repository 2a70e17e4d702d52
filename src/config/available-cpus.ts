/** How many CPUs this process may use, by the scheduler's affinity mask and the cgroup's quota, if there is one. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** At least 1. A fractional quota is rounded up: half a CPU that idles costs less than a part of one that is never used. */
export function availableCpus(read: (path: string) => string | undefined = readText): number {
  const quota = cgroupQuota(read) ?? Infinity;
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(quota)));
}

/** CPUs granted by the cgroup (version 2, then 1); undefined if it sets no limit. */
function cgroupQuota(read: (path: string) => string | undefined): number | undefined {
  const v2 = read('/sys/fs/cgroup/cpu.max')?.trim().split(/\s+/);
  if (v2?.[0] !== undefined && v2[0] !== 'max') return positive(Number(v2[0]) / Number(v2[1] ?? 100_000));
  const quota = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'));
  const period = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
  return positive(quota / period);
}

function positive(value: number): number | undefined {
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
