/** Fetches single files of an npm package with npm's own client and settings, checked against a pinned integrity. */
import pacote from 'pacote';
import { Parser, type ReadEntry } from 'tar';
import { AppError } from '../../src/errors.js';
import { explainFetch } from './failures.js';
import { npmSettings } from './npm-settings.js';
import { Progress, type Terminal } from './progress.js';
import type { PackageSource } from './sources.js';

/** Files of a package by their path inside it. */
export type Files = ReadonlyMap<string, Buffer>;

/** What pacote hands to the reader of a tarball. */
type TarballStream = Pick<NodeJS.ReadableStream, 'on' | 'pipe'>;

/**
 * The files `paths` of the package `source`, in memory: they are needed once, to be transformed.
 * @param cache folder for downloads where npm's own cannot be written
 * @throws AppError `pack_unavailable` with a sentence that says what to do
 */
export async function fetchFiles(
  source: PackageSource,
  paths: readonly string[],
  cache: string,
  terminal: Terminal,
): Promise<Files> {
  const settings = await npmSettings(cache);
  const progress = new Progress(`Fetching ${source.package}`, source.bytes, terminal);
  let files: Files = new Map();
  try {
    await pacote.tarball.stream(
      source.package,
      // pacote calls this again for each retry, and resolves only if the integrity of all bytes is right.
      async (stream: TarballStream) => {
        progress.restart();
        files = await unpack(stream, new Set(paths), progress);
      },
      { ...settings, integrity: source.integrity },
    );
  } catch (error) {
    throw explainFetch(error, source.package, settings);
  }
  progress.done();
  const missing = paths.find((path) => !files.has(path));
  if (missing !== undefined) throw new AppError('invalid_pack', `${source.package} has no file ${missing}.`);
  return files;
}

function unpack(stream: TarballStream, paths: ReadonlySet<string>, progress: Progress): Promise<Files> {
  const files = new Map<string, Buffer>();
  return new Promise((resolve, reject) => {
    const parser = new Parser({
      strict: true,
      filter: (path) => paths.has(insidePackage(path)),
      onReadEntry: (entry: ReadEntry) => {
        const chunks: Buffer[] = [];
        entry.on('data', (chunk: Buffer) => chunks.push(chunk));
        entry.on('end', () => files.set(insidePackage(entry.path), Buffer.concat(chunks)));
      },
    });
    parser.on('error', reject);
    parser.on('end', () => resolve(files));
    stream.on('error', reject);
    stream.on('data', (chunk: Buffer) => progress.add(chunk.length));
    stream.pipe(parser);
  });
}

/** npm tarballs hold one folder, usually called `package`. */
function insidePackage(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}
