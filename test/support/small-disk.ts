/** A file system of a few hundred kilobytes that tests can fill. Mounting one needs root. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function mountSmallDisk(folder: string, kilobytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], { stdio: 'ignore' });
}

export function unmount(folder: string): void {
  execFileSync('umount', [folder]);
}

/** Whether this process may mount one. */
export const canMount = ((): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  try {
    mountSmallDisk(folder, 256);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
})();
