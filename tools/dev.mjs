/**
 * `npm run start:dev`: the service, compiled and started again at every change of its TypeScript, workers included, for they
 * are threads of its process. `npm run start:debug` starts it with the inspector on port 9229.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers';
import './ready.mjs';
import { watch } from './compile.mjs';

/** A service that takes longer to stop is killed. */
const STOP_MS = 5_000;
const COMMAND = [...process.argv.slice(2), 'dist/src/main.js'];
const SERVICE = join('dist', 'src', '/');

let service;
/** It is being stopped, to be started again; changes meanwhile need no other start. */
let isRestarting = false;

function start() {
  isRestarting = false;
  service = spawn(process.execPath, COMMAND, { stdio: 'inherit' });
  service.on('exit', (code) => {
    service = undefined;
    if (!isRestarting && code !== 0) console.error('The service has ended; the next change starts it again.');
  });
}

/** SIGINT: the service answers what it has accepted and does not wait for a load balancer to notice. */
function stop() {
  service.kill('SIGINT');
  const stopping = service;
  setTimeout(() => stopping.kill('SIGKILL'), STOP_MS).unref();
}

watch((written) => {
  if (service === undefined) start();
  else if (!isRestarting && written.some((path) => path.startsWith(SERVICE))) {
    console.error('The service has changed and starts again.');
    isRestarting = true;
    service.once('exit', start);
    stop();
  }
});

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    if (service === undefined) process.exit();
    service.once('exit', (code) => process.exit(code ?? 1));
    stop();
  });
