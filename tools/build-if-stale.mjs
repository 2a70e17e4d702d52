/**
 * Compiles the service where its sources are newer than dist/, so that `npm start` works on a fresh clone. Where TypeScript
 * alone has changed, only that is compiled.
 */
import { execSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { BUILT, whatIsStale } from './stale.mjs';

const stale = whatIsStale();
if (stale === 'all') {
  console.error('Building the service (about ten seconds) …');
  execSync('npm run --silent build', { stdio: ['inherit', process.stderr, 'inherit'] });
} else if (stale === 'TypeScript') {
  const now = new Date();
  const { compile } = await import('./compile.mjs');
  if (!compile()) process.exit(1);
  utimesSync(BUILT, now, now);
}
