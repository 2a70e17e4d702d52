/**
 * Compiles the service where its sources are newer than dist/, so that `npm start` works on a fresh clone. Where TypeScript
 * alone has changed, only that is compiled.
 */
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = [
  'src',
  'models/tools',
  'test',
  'bench',
  'fuzz',
  'tools',
  'tsconfig.json',
  'nest-cli.json',
  'package.json',
];
/** What is made last. Its time is that of the build. */
const BUILT = 'dist/src/vision/pixels.wasm';
/** What `nest build` leaves for the next, incremental one. */
const BUILD_INFO = 'dist/.tsbuildinfo';

/** The files and folders that have changed since a time; programs that run as they are do not count. */
function changedSince(time, path) {
  const stat = statSync(path);
  const changed = stat.mtimeMs > time && !path.endsWith('.mjs') ? [path] : [];
  if (!stat.isDirectory()) return changed;
  return [...changed, ...readdirSync(path).flatMap((name) => changedSince(time, join(path, name)))];
}

/** Whether the compiler alone can bring it up to date: no settings, no other file, no AssemblyScript has changed. */
const isTypeScript = (path) =>
  statSync(path).isDirectory() || (path.endsWith('.ts') && !path.includes('/assembly/'));

async function build(changed) {
  if (existsSync(BUILD_INFO) && changed.every(isTypeScript)) {
    const now = new Date();
    const { compile } = await import('./compile.mjs');
    if (!compile()) process.exit(1);
    utimesSync(BUILT, now, now);
    return;
  }
  console.error('Building the service (about ten seconds) …');
  execSync('npm run --silent build', { stdio: ['inherit', process.stderr, 'inherit'] });
}

// A container image carries dist/ without the sources: there is nothing to compare, and nothing to build.
const time = existsSync(BUILT) ? statSync(BUILT).mtimeMs : 0;
if (time === 0) await build(['package.json']);
else if (existsSync('src')) {
  const changed = SOURCES.filter(existsSync).flatMap((path) => changedSince(time, path));
  if (changed.length > 0) await build(changed);
}
