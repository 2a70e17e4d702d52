/** What of the sources has changed since the last build. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = [
  'src',
  'models/tools',
  'evaluation',
  'training',
  'test',
  'bench',
  'fuzz',
  'tools',
  'tsconfig.json',
  'nest-cli.json',
  'package.json',
];
/** What is made last. Its time is that of the build. */
export const BUILT = 'dist/src/vision/kernels/pixels.wasm';
/** What `nest build` leaves for the next, incremental one. */
const BUILD_INFO = 'dist/.tsbuildinfo';

/** The files and folders that have changed since a time; programs that run as they are do not count. */
function changedSince(time, path) {
  const stat = statSync(path);
  const changed = stat.mtimeMs > time && !path.endsWith('.mjs') ? [path] : [];
  if (!stat.isDirectory()) return changed;
  return [...changed, ...readdirSync(path).flatMap((name) => changedSince(time, join(path, name)))];
}

/** Whether the compiler alone can bring it up to date: no settings, no other file, no AssemblyScript. */
const isTypeScript = (path) =>
  statSync(path).isDirectory() || (path.endsWith('.ts') && !path.includes('/assembly/'));

/** @returns what brings dist/ up to date: nothing, the incremental compiler, or a whole build */
export function whatIsStale() {
  if (!existsSync(BUILT)) return 'all';
  // A container image carries dist/ without the sources: there is nothing to compare, and nothing to build.
  if (!existsSync('src')) return 'nothing';
  const time = statSync(BUILT).mtimeMs;
  const changed = SOURCES.filter((path) => existsSync(path)).flatMap((path) => changedSince(time, path));
  if (changed.length === 0) return 'nothing';
  return existsSync(BUILD_INFO) && changed.every(isTypeScript) ? 'TypeScript' : 'all';
}
