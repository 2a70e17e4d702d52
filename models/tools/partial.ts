/** The part of a download that is kept, in the pack's folder, for another run to continue. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of a download that has begun, inside the work folder; the same name keeps it inside the pack's. */
export const PARTIAL = '.partial';
/** File of that folder that says what was being downloaded; without it nothing can be continued. */
export const STATE = 'state.json';

/** Takes over what another run kept: one rename, so that only one run can. */
export function takePartial(pack: string, work: string): void {
  if (existsSync(join(pack, PARTIAL))) renameSync(join(pack, PARTIAL), join(work, PARTIAL));
}

/** Keeps what a run that ends early has received. Nothing here may wait: the process may be ending. */
export function keepPartial(pack: string, work: string): void {
  if (!existsSync(join(work, PARTIAL, STATE))) return;
  dropPartial(pack);
  renameSync(join(work, PARTIAL), join(pack, PARTIAL));
}

/** Removes what was received, where it is of no use any more or the disk is full. */
export function dropPartial(folder: string): void {
  rmSync(join(folder, PARTIAL), { recursive: true, force: true });
}
