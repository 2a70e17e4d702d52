/**
 * models/<pack>/installed.json: what the last installation of a pack fetched. It supplies the checksums that pack.json
 * does not pin: the first installation is trusted, and later changes of a file are noticed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from '../errors.js';

/** Name of the file. */
export const INSTALLATION_FILE = 'installed.json';

/** What one installation fetched. */
export interface Installation {
  /** URL or path that the files came from. */
  readonly from: string;
  /** The licence that was accepted, and when (ISO 8601). */
  readonly licence: string;
  readonly acceptedAt: string;
  /** SHA-256 of each file, in hexadecimal. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The record in the pack's folder; undefined where nothing was installed.
 * @throws AppError `invalid_pack` where the record is damaged
 */
export function readInstallation(folder: string): Installation | undefined {
  const path = join(folder, INSTALLATION_FILE);
  if (!existsSync(path)) return undefined;
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Installation;
    if (typeof note.files === 'object') return note;
    throw new TypeError('it has no "files"');
  } catch (error) {
    const message = `${path} cannot be read: ${messageOf(error)}. Remove it and install the pack again.`;
    throw new AppError('invalid_pack', message, {}, { cause: error });
  }
}
