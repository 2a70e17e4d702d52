/** The measured numbers of a pack: pose offsets and the quality curve are checked when it is loaded. */
import 'reflect-metadata';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../../src/errors.js';
import { loadPack } from '../../src/packs/load-pack.js';
import type { Pack } from '../../src/packs/pack.js';

interface Manifest {
  readonly models: Record<
    string,
    { file: string; sha256?: string; onCpu?: unknown; calibration?: unknown; quality?: unknown }
  >;
}

let modelsDir: string;
beforeEach(() => (modelsDir = mkdtempSync(join(tmpdir(), 'packs-'))));
afterEach(() => rmSync(modelsDir, { recursive: true }));

/** The default pack after a change, its models empty files. */
function load(change: (models: Manifest['models']) => void): Pack {
  const manifest = JSON.parse(readFileSync('models/default/pack.json', 'utf8')) as Manifest;
  change(manifest.models);
  for (const model of Object.values(manifest.models)) {
    // Empty files have another checksum, and one is enough.
    delete model.sha256;
    delete model.onCpu;
    mkdirSync(dirname(join(modelsDir, model.file)), { recursive: true });
    writeFileSync(join(modelsDir, model.file), '');
  }
  writeFileSync(join(modelsDir, 'pack.json'), JSON.stringify(manifest));
  return loadPack({ modelsDir, modelPack: '.' });
}

test('the default pack carries both', () => {
  const { pose, recognition } = load(() => undefined).models;
  expect(pose?.calibration).toEqual({
    roll: expect.any(Number) as number,
    yaw: expect.any(Number) as number,
    pitch: expect.any(Number) as number,
  });
  expect(recognition.quality?.middle).toBeGreaterThan(0);
});

test('a recognition model may do without a quality curve', () => {
  expect(load(({ recognition }) => delete recognition.quality).models.recognition.quality).toBeUndefined();
});

test.each<[string, (models: Manifest['models']) => void]>([
  ['models.pose.calibration', ({ pose }) => delete pose.calibration],
  ['models.pose.calibration.yaw', ({ pose }) => (pose.calibration = { roll: 0, pitch: 0 })],
  ['models.pose.calibration.pitch', ({ pose }) => (pose.calibration = { roll: 0, yaw: 0, pitch: '5' })],
  ['models.recognition.quality.middle', ({ recognition }) => (recognition.quality = { steepness: 2 })],
  [
    'models.recognition.quality.steepness',
    ({ recognition }) => (recognition.quality = { middle: 3, steepness: -1 }),
  ],
])('a wrong %s is refused by name', (field, change) => {
  expect(() => load(change)).toThrow(AppError);
  expect(() => load(change)).toThrow(field);
});
