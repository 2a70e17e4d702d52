/** The import rules: src/ keeps them, and a tree that breaks each of them is told so. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const CRUISER = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
}

/** The violations in some folders below a directory. */
function cruise(cwd: string, ...folders: string[]): Violation[] {
  const options = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...folders];
  const { stdout, stderr } = spawnSync(process.execPath, [CRUISER, ...options], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
}

test('the service keeps the rules', () => {
  expect(cruise('.', 'src').map(({ rule, from }) => `${rule.name}: ${from}`)).toEqual([]);
});

/** File by file, what it imports and the rule that forbids it. */
const BREACHES: [rule: string, file: string, imported: string][] = [
  ['room-vision', 'src/vision/a.ts', '../errors.js'],
  ['room-vision', 'src/vision/b.ts', '../config/config.js'],
  ['room-config', 'src/config/a.ts', '../vision/box.js'],
  ['room-packs', 'src/packs/a.ts', '../sessions/sessions.js'],
  ['room-sessions', 'src/sessions/a.ts', '../detection/detection.js'],
  ['room-detection', 'src/detection/a.ts', '../recognition/similarity.js'],
  ['room-recognition', 'src/recognition/a.ts', '../attributes/pose.js'],
  ['room-attributes', 'src/attributes/a.ts', '../inference/pool.js'],
  ['room-images', 'src/images/a.ts', '../inference/pool.js'],
  ['room-inference', 'src/inference/a.ts', '../images/loader.js'],
  ['room-inference', 'src/inference/detects.ts', '../detection/detection.js'],
  ['room-worker', 'src/worker/a.ts', '../inference/pool.js'],
  ['room-http', 'src/http/a.ts', '../faces/faces.js'],
  ['room-access', 'src/access/a.ts', '../inference/pool.js'],
  ['room-health', 'src/health/a.ts', '../faces/faces.js'],
  ['room-metrics', 'src/metrics/a.ts', '../faces/faces.js'],
  ['room-telemetry', 'src/telemetry/a.ts', '../inference/pool.js'],
  ['room-faces', 'src/faces/a.ts', '../sessions/sessions.js'],
  ['main-thread-knows-only-types', 'src/inference/c.ts', '../detection/detection.js'],
  ['main-thread-knows-only-types', 'src/health/c.ts', '../sessions/sessions.js'],
  ['main-thread-knows-only-types', 'src/worker/protocol.ts', '../sessions/sessions.js'],
  ['worker-is-reached-by-its-protocol', 'src/inference/d.ts', '../worker/analysis.js'],
  ['worker-is-reached-by-its-protocol', 'src/serve.ts', './worker/analysis.js'],
  ['owner-onnxruntime-node', 'src/detection/b.ts', 'onnxruntime-node'],
  ['owner-sharp', 'src/images/other.ts', 'sharp'],
  ['owner-@aws-sdk', 'src/images/sources/http.source.ts', '@aws-sdk/client-s3'],
  ['owner-prom-client', 'src/faces/g.ts', 'prom-client'],
  ['owner-@opentelemetry', 'src/telemetry/b.ts', '@opentelemetry/sdk-trace'],
  ['owner-express', 'src/inference/b.ts', 'express'],
  ['owner-@redis', 'src/health/b.ts', '@redis/client'],
  ['owner-@fastify/busboy', 'src/http/forms.ts', '@fastify/busboy'],
  ['owner-rate-limiter-flexible', 'src/http/b.ts', 'rate-limiter-flexible'],
  ['errors-stands-alone', 'src/errors.ts', './vision/box.js'],
  ['no-barrels', 'src/faces/c.ts', './index.js'],
  ['no-cycles', 'src/faces/d.ts', './e.js'],
];

describe('a tree that breaks them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imports-'));
  let violations: Violation[];

  function write(file: string, text: string): void {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  beforeAll(() => {
    for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json'])
      cpSync(file, join(folder, file));
    for (const room of [
      'vision/box',
      'config/config',
      'sessions/sessions',
      'detection/detection',
      'recognition/similarity',
      'attributes/pose',
      'inference/pool',
      'worker/analysis',
      'images/loader',
      'faces/faces',
      'faces/index',
    ])
      write(`src/${room}.ts`, 'export const x = 1;\n');
    for (const name of [
      'onnxruntime-node',
      'sharp',
      '@aws-sdk/client-s3',
      'prom-client',
      '@opentelemetry/sdk-trace',
      'express',
      '@fastify/busboy',
      '@redis/client',
      'rate-limiter-flexible',
    ]) {
      write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'main.js' }));
      write(`node_modules/${name}/main.js`, 'exports.x = 1;\n');
    }
    for (const [, file, imported] of BREACHES) write(file, `export { x } from '${imported}';\n`);
    write('src/faces/e.ts', "export { x } from './d.js';\n");
    violations = cruise(folder, 'src');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(BREACHES)('%s: %s may not import %s', (rule, file) => {
    expect(violations.filter(({ from }) => from === file).map(({ rule: { name } }) => name)).toContain(rule);
  });

  test('what is allowed is not reported', () => {
    write('src/faces/fine.ts', "export { x } from '../recognition/similarity.js';\n");
    write(
      'src/sessions/fine.ts',
      "export { x } from 'onnxruntime-node';\nexport * from '../vision/box.js';\n",
    );
    const fine = cruise(folder, 'src').filter(({ from }) => from.endsWith('fine.ts'));
    expect(fine).toEqual([]);
  });
});
