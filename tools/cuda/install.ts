/** Installs the libraries of ONNX Runtime's CUDA provider next to onnxruntime-node. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../src/errors.js';
import { download } from '../../models/tools/download.js';
import { explainDisk } from '../../models/tools/failures.js';
import { npmSettings } from '../../models/tools/npm-settings.js';
import { dropPartial, keepPartial, PARTIAL, takePartial } from '../../models/tools/partial.js';
import { Progress, type Terminal } from '../../models/tools/progress.js';
import { unpack } from '../../models/tools/unpack.js';
import { withWorkFolder } from '../../models/tools/work-folder.js';
import { findPackage } from './nuget.js';
import type { ProviderPackage } from './provider-package.js';

/** Where to get the package from, and where to show progress. */
export interface InstallOptions {
  /** Path or URL of a copy of the package. */
  readonly from?: string;
  readonly terminal: Terminal;
}

/**
 * Fetches the package, checks it, and puts its libraries into `folder`: all of them or, if anything fails, none.
 * @returns the names of the files
 * @throws AppError `pack_unavailable` with a message that says what to do
 */
export async function installProvider(
  wanted: ProviderPackage,
  folder: string,
  options: InstallOptions,
): Promise<string[]> {
  try {
    return await withWorkFolder(
      folder,
      async (work) => {
        takePartial(folder, work);
        const path = await fetched(wanted, work, options);
        const names = [...wanted.files.values()];
        const manifest = join(work, 'package.nuspec');
        await unpack(
          path,
          new Map([
            [`${wanted.name}.nuspec`, manifest],
            ...[...wanted.files].map(([inside, name]): [string, string] => [inside, join(work, name)]),
          ]),
          basename(path),
        );
        assertVersion(await readFile(manifest, 'utf8'), wanted);
        for (const name of names) await putIntoPlace(join(work, name), join(folder, name));
        dropPartial(work);
        return names;
      },
      (work) => keepPartial(folder, work),
    );
  } catch (error) {
    throw explainDisk(error, folder) ?? error;
  }
}

async function fetched(
  { name, version, feed }: ProviderPackage,
  work: string,
  { from, terminal }: InstallOptions,
): Promise<string> {
  if (from !== undefined && !/^https?:/.test(from)) {
    if (existsSync(from)) return resolve(from);
    throw new AppError('pack_unavailable', `There is no file ${from}: check --from.`);
  }
  const settings = await npmSettings(join(work, 'cache'));
  const { url, bytes, sha512 } =
    from === undefined ? await findPackage(feed, name, version, settings) : { url: from };
  const progress = new Progress(`Fetching ${name} ${version} from ${new URL(url).host}`, bytes, terminal);
  const path = await download(join(work, PARTIAL), {
    url,
    bytes,
    expectedBy: 'the feed',
    settings,
    progress,
  });
  progress.done();
  if (sha512 !== undefined && (await sha512Of(path)) !== sha512) {
    dropPartial(work);
    throw new AppError(
      'pack_unavailable',
      `${name} ${version} is damaged or not what the feed describes (wrong SHA-512): try again, check whether a proxy modifies it, or use another copy with --from.`,
    );
  }
  return path;
}

async function sha512Of(path: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('base64');
}

/** Provider and runtime share internal structures: a provider of another version crashes, or worse. */
function assertVersion(manifest: string, { name, version }: ProviderPackage): void {
  const [, actual = 'unknown'] = /<version>\s*([^<\s]+)\s*<\/version>/.exec(manifest) ?? [];
  if (actual.toLowerCase() === version.toLowerCase()) return;
  throw new AppError(
    'pack_unavailable',
    `The package is ${name} ${actual}, but the installed onnxruntime-node needs ${version}: pass that one with --from.`,
  );
}

/** Writes the file to disk before it becomes visible: a process that starts meanwhile must not load half of a library. */
async function putIntoPlace(from: string, to: string): Promise<void> {
  const file = await open(from, 'r+');
  await file.sync().finally(() => file.close());
  await rename(from, to);
}
