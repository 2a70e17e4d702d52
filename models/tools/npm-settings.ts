/**
 * The npm settings of whoever runs us: registry, mirror tokens, proxy, certificates, cache. Read by npm's own library
 * from where npm reads them: `npm_config_*` variables, the project's, the user's and the machine's .npmrc.
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
  /** Longest silence of a server, in milliseconds. */
  readonly timeout: number;
  readonly retry?: typeof QUICKER_RETRIES;
  readonly [option: string]: unknown;
}

/** npm gives up after more than a minute of silence; a start should say sooner that there is no registry. */
const QUICKER_RETRIES = { retries: 2, factor: 2, minTimeout: 1_000, maxTimeout: 5_000 };
/** Longest silence of a registry. npm's five minutes are too long to watch a start that stands still. */
const TIMEOUT_MS = 60_000;

/**
 * The settings in force here.
 * @param cache folder to use in place of npm's cache where that cannot be written, as in a container without a home
 */
export async function npmSettings(cache: string): Promise<NpmSettings> {
  const config = new NpmConfig({
    ...npm,
    npmPath: join(dirname(process.execPath), '../lib/node_modules/npm'),
    // Our command line is not npm's.
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
