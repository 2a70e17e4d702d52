/**
 * Runs some of the tests without preparing models: `npm run test:only -- test/vision/box.test.ts`. The files that have
 * changed are compiled first. With `--watch` (`npm run test:watch`) it runs them again at every change. Takes files, folders
 * and the options of Jest.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { whatIsStale } from './stale.mjs';

const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];

const given = process.argv.slice(2).filter((arg) => arg !== '--watch');
const isWatch = given.length < process.argv.length - 2;

/** Tests run as they are compiled, in dist/. */
const inDist = (arg) => (existsSync(arg) ? join('dist', relative('.', arg)).replace(/\.ts$/, '.js') : arg);

if (given.every((arg) => arg.startsWith('-'))) {
  console.error('Usage: npm run test:only -- <test file or folder> … [options of Jest]');
  process.exit(1);
}

const stale = whatIsStale();
if (stale === 'all') await import('./build-if-stale.mjs');
else if (stale === 'TypeScript' && !isWatch) {
  const { compileChanged } = await import('./compile.mjs');
  if (!compileChanged()) process.exit(1);
}

function run() {
  return spawn(process.execPath, [...JEST, ...given.map(inDist)], { stdio: 'inherit' });
}

if (isWatch) {
  const { watch } = await import('./compile.mjs');
  let running;
  watch(() => {
    running?.kill();
    running = run();
  });
} else run().on('exit', (code) => (process.exitCode = code ?? 1));
