/**
 * The user's npm settings: registry, tokens, proxy, certificates, cache. npm's own library reads them from where npm
 * does: the `npm_config_*` variables and the .npmrc of the project, the user and the machine.
 */
import { access, constants, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import NpmConfig from '@npmcli/config';
import npm from '@npmcli/config/lib/definitions/index.js';

/** Options for pacote. */
export interface NpmSettings {
  readonly registry: string;
  /** Folder of npm's cache of downloads. */
  readonly cache: string;
  /** The longest silence of a server, in milliseconds. */
  readonly timeout: number;
  readonly retry?: typeof QUICKER_RETRIES;
  readonly [option: string]: unknown;
}

/** npm gives up after more than a minute; a start should report a missing registry sooner. */
const QUICKER_RETRIES = { retries: 2, factor: 2, minTimeout: 1_000, maxTimeout: 5_000 };
/** The longest silence of a registry: npm's five minutes are too long for a start. */
const TIMEOUT_MS = 60_000;

/**
 * The settings that apply here.
 * @param cache folder to use where npm's own cache cannot be written, as in a container without a home folder
 */
export async function npmSettings(cache: string): Promise<NpmSettings> {
  const config = new NpmConfig({
    ...npm,
    npmPath: join(dirname(process.execPath), '../lib/node_modules/npm'),
    // Our command line does not contain npm's options.
    argv: process.argv.slice(0, 2),
    warn: false,
  });
  await config.load();
  const flat = config.flat;
  const untouched = (...keys: string[]): boolean => keys.every((key) => config.isDefault(key));
  return {
    ...flat,
    registry: String(flat['registry']),
    timeout: Number(flat['timeout']),
    cache: await writable(String(flat['cache']), cache),
    ...(untouched('fetch-retries', 'fetch-retry-mintimeout', 'fetch-retry-maxtimeout') && {
      retry: QUICKER_RETRIES,
    }),
    ...(untouched('fetch-timeout') && { timeout: TIMEOUT_MS }),
  };
}

async function writable(folder: string, otherwise: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return folder;
  } catch {
    return otherwise;
  }
}
