/** Builds the service if its sources are newer than dist/, so that `npm start` works on a fresh clone. */
import { execSync } from 'node:child_process';
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
/** The last file that a build writes. */
const BUILT = 'dist/src/vision/kernels/pixels.wasm';

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

// A container image has dist/ without the sources, so there is nothing to compare or build.
const present = SOURCES.filter((path) => existsSync(path));
const stale =
  !existsSync(BUILT) || (existsSync('src') && present.some((path) => newest(path) > statSync(BUILT).mtimeMs));
if (stale) {
  console.log('Building the service (about ten seconds) …');
  execSync('npm run build', { stdio: 'inherit' });
}
