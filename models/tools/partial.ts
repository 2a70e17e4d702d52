/** The received part of a download, kept in the pack's folder so that another run can resume it. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of a download in progress inside the work folder; inside the pack's folder it has the same name. */
export const PARTIAL = '.partial';
/** File of that folder that says what was being downloaded; without it, nothing can be resumed. */
export const STATE = 'state.json';

/** Takes over the part that another run kept: by one rename, so that only one run can. */
export function takePartial(pack: string, work: string): void {
  if (existsSync(join(pack, PARTIAL))) renameSync(join(pack, PARTIAL), join(work, PARTIAL));
}

/** Keeps the part that an ending run has received. Synchronous, as the process may be exiting. */
export function keepPartial(pack: string, work: string): void {
  if (!existsSync(join(work, PARTIAL, STATE))) return;
  dropPartial(pack);
  renameSync(join(work, PARTIAL), join(pack, PARTIAL));
}

/** Removes the received part where it is no longer of use or the disk is full. */
export function dropPartial(folder: string): void {
  rmSync(join(folder, PARTIAL), { recursive: true, force: true });
}
