/** The measured numbers of a pack: pose offsets, quality and liveness are checked when it is loaded. */
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
    {
      file: string;
      sha256?: string;
      onCpu?: unknown;
      calibration?: unknown;
      quality?: unknown;
      decision?: unknown;
    }
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

test('the default pack carries all of them', () => {
  const { pose, recognition, liveness } = load(() => undefined).models;
  expect(pose?.calibration).toEqual({
    roll: expect.any(Number) as number,
    yaw: expect.any(Number) as number,
    pitch: expect.any(Number) as number,
  });
  expect(recognition.quality?.middle).toBeGreaterThan(0);
  expect(liveness?.calibration?.scale).toBeGreaterThan(0);
  expect(liveness?.decision?.threshold).toBe(0.5);
});

test('a recognition model may do without a quality curve', () => {
  expect(load(({ recognition }) => delete recognition.quality).models.recognition.quality).toBeUndefined();
});

test('a liveness model may do without calibration and threshold', () => {
  const { liveness } = load((models) => {
    delete models['liveness'].calibration;
    delete models['liveness'].decision;
  }).models;
  expect([liveness?.calibration, liveness?.decision]).toEqual([undefined, undefined]);
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
  ['models.liveness.calibration.scale', ({ liveness }) => (liveness.calibration = { scale: 0, bias: 1 })],
  ['models.liveness.calibration.bias', ({ liveness }) => (liveness.calibration = { scale: 1 })],
  [
    'models.liveness.decision.apcer',
    ({ liveness }) => (liveness.decision = { threshold: 0.5, apcer: 2, bpcer: 0, measuredOn: 'x' }),
  ],
  [
    'models.liveness.decision.measuredOn',
    ({ liveness }) => (liveness.decision = { threshold: 0.5, apcer: 0, bpcer: 0 }),
  ],
])('a wrong %s is refused by name', (field, change) => {
  expect(() => load(change)).toThrow(AppError);
  expect(() => load(change)).toThrow(field);
});
