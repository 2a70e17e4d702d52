/** Compiles the service where its sources have changed, and prepares the model pack. Writes to standard error. */
import { spawnSync } from 'node:child_process';
import './build-if-stale.mjs';

const { status } = spawnSync(process.execPath, ['dist/models/tools/cli.js', 'prepare'], {
  stdio: ['inherit', process.stderr, 'inherit'],
});
if (status !== 0) process.exit(status ?? 1);
