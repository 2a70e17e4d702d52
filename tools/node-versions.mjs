/**
 * Runs the built service on each version of Node that it supports: `npm run node-versions`. A process of it analyses a real
 * picture and stops, then the smoke tests run. The binaries are those of npm's node-<platform>-<arch> packages, in a
 * temporary folder. The exit code is 77 where one cannot be fetched and none fails.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import './ready.mjs';

/** The oldest that package.json's engines allow, and the two lines after it. */
const VERSIONS = ['20.19', '22', '24'];
const SMOKE_TESTS = ['e2e/detect', 'e2e/health'];
const PICTURE = { file: 'node_modules/@vladmandic/face-api/demo/sample3.jpg', faces: 3 };
const START_MS = 60_000;
const SKIPPED = 77;

const platform = process.platform === 'win32' ? 'win' : process.platform;
const folder = mkdtempSync(join(tmpdir(), 'node-versions-'));

/** @returns the path of the binary; undefined where it cannot be fetched */
function fetchNode(version) {
  const name = `node-${platform}-${process.arch}`;
  const home = join(folder, version);
  const args = ['install', '--prefix', home, '--no-save', '--no-package-lock', `${name}@${version}`];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8', shell: platform === 'win' });
  const binary = join(home, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node');
  if (status === 0 && existsSync(binary)) return binary;
  console.error(stderr.trim());
  return undefined;
}

/** Starts a process of the service, has it analyse the picture, and stops it. @throws Error where any of it goes wrong */
async function serve(node) {
  const env = { ...process.env, HOST: '127.0.0.1', PORT: '0', SHUTDOWN_TIMEOUT_MS: '0' };
  const service = spawn(node, ['dist/src/main.js'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [service.stdout, service.stderr]) stream.on('data', (chunk) => (output += chunk));
  const exit = once(service, 'exit');
  try {
    const url = await Promise.race([
      address(() => output),
      exit.then(([code]) => Promise.reject(new Error(`The service ended with ${code}.`))),
    ]);
    const response = await fetch(`${url}/v1/models/insightface:detect`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/jpeg' },
      body: readFileSync(PICTURE.file),
    });
    const { faces } = await response.json();
    if (faces?.length !== PICTURE.faces)
      throw new Error(`${response.status}: ${faces?.length} faces instead of ${PICTURE.faces}.`);
    service.kill('SIGTERM');
    const [code] = await exit;
    if (code !== 0) throw new Error(`The service ended with ${code} when it was told to stop.`);
  } catch (error) {
    console.error(output);
    throw error;
  } finally {
    service.kill('SIGKILL');
  }
}

async function address(output) {
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(50)) {
    const [, url] = /Listening on (http:\/\/[\d.:]+)/.exec(output()) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('The service does not listen.');
}

function runSmokeTests(node) {
  const files = SMOKE_TESTS.map((name) => `dist/test/${name}.test.js`);
  const jest = ['--experimental-vm-modules', '--no-warnings', resolve('node_modules/jest/bin/jest.js')];
  const { status } = spawnSync(node, [...jest, '--runInBand', '--runTestsByPath', ...files], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('A smoke test fails.');
}

/** @returns what became of it: passed, failed or skipped */
async function check(version) {
  const node = fetchNode(version);
  if (node === undefined) return { version, outcome: 'skipped' };
  const exact = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`Node ${exact}`);
  try {
    await serve(node);
    runSmokeTests(node);
    return { version: exact, outcome: 'passed' };
  } catch (error) {
    console.error(error.message);
    return { version: exact, outcome: 'failed' };
  }
}

const results = [];
try {
  for (const version of VERSIONS) results.push(await check(version));
} finally {
  rmSync(folder, { recursive: true });
}
for (const { version, outcome } of results) console.log(`Node ${version}: ${outcome}`);
const has = (wanted) => results.some(({ outcome }) => outcome === wanted);
process.exitCode = has('failed') ? 1 : has('skipped') ? SKIPPED : 0;
