/** Fetches the graphs of a pack from a `Download`: an archive or a single file, from the web or from a local copy. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../src/errors.js';
import { type Installation, INSTALLATION_FILE } from '../../src/packs/installation.js';
import { sha256OfFile } from './checksum.js';
import { download } from './download.js';
import { npmSettings } from './npm-settings.js';
import { dropPartial, PARTIAL } from './partial.js';
import { Progress, type Terminal } from './progress.js';
import type { Build, Download, PackFile } from './sources.js';
import { unpack } from './unpack.js';

/** A file of a pack that is fetched. */
type Task = PackFile & { readonly build: Build };

/** Where to fetch from, and where progress is shown. */
export interface FetchOptions {
  /** A local file, or another URL, with the same content as the source's. */
  readonly from?: string;
  readonly terminal: Terminal;
}

/**
 * Writes each task's graph into the folder `work`, checked, and the record of the installation beside them.
 * @throws AppError `pack_unavailable` with a sentence that says what to do
 */
export async function fetchDownload(
  source: Download,
  tasks: readonly Task[],
  work: string,
  options: FetchOptions,
): Promise<void> {
  const { url, file } = origin(source, options.from);
  const path = file ?? (await fromWeb(source, url, work, options.terminal));
  const label = file ?? basename(new URL(url).pathname);
  await assertPinned(path, source.sha256, label, work);

  for (const { file: name } of tasks) await mkdir(dirname(join(work, name)), { recursive: true });
  const wanted = new Map(tasks.map((task) => [task.build.path, join(work, task.file)]));
  if (extname(new URL(source.url).pathname) === '.zip') await unpack(path, wanted, label);
  else for (const target of wanted.values()) await copyFile(path, target);
  for (const { file: name, build } of tasks.filter((task) => task.build.transforms.length > 0)) {
    const target = join(work, name);
    const { applyTransforms } = await import('./apply-transforms.js');
    await writeFile(target, applyTransforms(await readFile(target), build.transforms));
  }

  const sums = await Promise.all(tasks.map((task) => sha256OfFile(join(work, task.file))));
  for (const [index, task] of tasks.entries()) {
    if ((task.sha256 ?? sums[index]) === sums[index]) continue;
    const message = `${task.file} from ${label} has SHA-256 ${sums[index]} where pack.json pins ${task.sha256}.`;
    throw new AppError('pack_unavailable', message);
  }
  const note: Installation = {
    from: url,
    licence: source.licence,
    acceptedAt: new Date().toISOString(),
    files: Object.fromEntries(tasks.map((task, index) => [task.file, sums[index] ?? ''])),
  };
  await writeFile(join(work, INSTALLATION_FILE), `${JSON.stringify(note, null, 2)}\n`);
}

/** The URL that is recorded; of a local file, its file: URL. */
function origin(source: Download, from: string | undefined): { url: string; file?: string } {
  if (from === undefined) return { url: source.url };
  if (/^https?:/.test(from) && URL.canParse(from)) return { url: from };
  const file = resolve(from);
  return { url: pathToFileURL(file).href, file };
}

async function fromWeb(source: Download, url: string, work: string, terminal: Terminal): Promise<string> {
  const { host, pathname } = new URL(url);
  const progress = new Progress(`Fetching ${basename(pathname)} from ${host}`, source.bytes, terminal);
  const settings = await npmSettings(join(work, 'cache'));
  const path = await download(join(work, PARTIAL), { url, bytes: source.bytes, settings, progress });
  progress.done();
  return path;
}

/** A file with another checksum is not kept, so that the next run fetches it again. */
async function assertPinned(
  path: string,
  expected: string | undefined,
  label: string,
  work: string,
): Promise<void> {
  if (expected === undefined) return;
  const actual = await sha256OfFile(path).catch((error: unknown) => {
    throw new AppError('pack_unavailable', `${label} cannot be read: check --from.`, {}, { cause: error });
  });
  if (actual === expected) return;
  dropPartial(work);
  throw new AppError(
    'pack_unavailable',
    `${label} is damaged or not what pack.json expects (SHA-256 ${actual}, not ${expected}): ` +
      'try again, check what a proxy or mirror does to it, or try another copy with --from.',
  );
}
