/** Compiles the service when its sources are newer than dist/, so that `npm start` works on a fresh clone. */
import { execSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
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
/** What is made last. */
const BUILT = 'dist/src/vision/pixels.wasm';

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

// A container image carries dist/ without the sources: there is nothing to compare, and nothing to build.
const present = SOURCES.filter((path) => existsSync(path));
const stale =
  !existsSync(BUILT) || (existsSync('src') && present.some((path) => newest(path) > statSync(BUILT).mtimeMs));
if (stale) {
  console.error('Building the service (about ten seconds) …');
  execSync('npm run --silent build', { stdio: ['inherit', process.stderr, 'inherit'] });
}
