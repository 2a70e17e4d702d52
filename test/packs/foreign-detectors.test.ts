/** Packs with detectors of other families find the faces of the test pictures. Needs ../shared/models. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import sharp from 'sharp';
import { floatTensor, node } from '../../models/tools/onnx-graph.js';
import { ATTRIBUTE_NAMES } from '../../src/attributes/attributes.service.js';
import { Config } from '../../src/config/config.js';
import type { AnalysedFace } from '../../src/worker/protocol.js';
import { AnalysisService } from '../../src/worker/analysis.service.js';
import { InferenceWorkerModule } from '../../src/worker/inference-worker.module.js';
import { sample } from '../fixtures/pictures.js';
import { noise, tinyGraph } from '../fixtures/tiny-graphs.js';

const GRAPHS = '../shared/models';
const SCRFD = join(GRAPHS, 'det_500m.onnx');
const YUNET = join(GRAPHS, 'face_detection_yunet_2026may.onnx');
const THRESHOLDS = { iouThreshold: 0.4, containmentThreshold: 0.7 };

let modelsDir: string;
beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'packs-'));
  await cp('models/default', join(modelsDir, 'default'), { recursive: true });
  await mkdir(join(modelsDir, 'own'));
});
afterEach(() => rm(modelsDir, { recursive: true }));

/** `it` where the graph is there; elsewhere its tests are counted as skipped. */
const itWith = (graph: string): jest.It => (existsSync(graph) ? it : it.skip);

/** The faces of the sample with that many faces, by a pack that extends the default one. */
async function analyse(models: object, faces: 3 | 4): Promise<AnalysedFace[]> {
  const manifest = { name: 'own', description: 'own', licence: 'MIT', extends: 'default', models };
  await writeFile(join(modelsDir, 'own/pack.json'), JSON.stringify(manifest));
  const config = { ...new Config(), modelsDir, modelPack: 'own' };
  const context = await NestFactory.createApplicationContext(InferenceWorkerModule.with(config), {
    logger: false,
    abortOnError: false,
  });
  try {
    const { data, info } = await sharp(sample(faces)).raw().toBuffer({ resolveWithObject: true });
    const image = { width: info.width, height: info.height, data: Uint8Array.from(data) };
    const options = { landmarks: true, embedding: true, attributes: ATTRIBUTE_NAMES } as const;
    const analysis = context.get(AnalysisService);
    await analysis.warmUp();
    return (await analysis.analyze([{ image, options }])).faces[0];
  } finally {
    await context.close();
  }
}

const detectors = [
  ['scrfd', SCRFD, [128, 640], 0.5],
  ['yunet', YUNET, [320, 640], 0.7],
] as const;

describe.each(detectors)('%s', (family, graph, sizes, scoreThreshold) => {
  itWith(graph).each([3, 4] as const)('finds the %d faces of a test picture', async (count) => {
    await cp(graph, join(modelsDir, 'own/detector.onnx'));
    const detector = { family, file: 'detector.onnx', sizes, scoreThreshold, ...THRESHOLDS };
    const faces = await analyse({ detector }, count);
    expect(faces).toHaveLength(count);
    for (const { landmarks, embedding, attributes } of faces) {
      expect(landmarks).toHaveLength(68);
      expect(embedding).toHaveLength(512);
      expect(attributes.pose).not.toBeNull();
    }
  });
});

/** A graph with a 3×side×side input and `width` floats as output. */
function dullGraph(side: number, width: number, output: string): Uint8Array {
  const nodes = [
    node('GlobalAveragePool', ['input'], ['pooled']),
    node('Flatten', ['pooled'], ['flat']),
    node('MatMul', ['flat', 'weights'], ['product']),
    node('Mul', ['product', 'small'], [output]),
  ];
  return tinyGraph([1, 3, side, side], { [output]: [1, width] }, nodes, [
    noise('weights', [3, width]),
    floatTensor('small', [1], [0.001]),
  ]);
}

itWith(SCRFD)('runs every role of a pack like buffalo_l', async () => {
  await cp(SCRFD, join(modelsDir, 'own/det.onnx'));
  const graphs = {
    rec: [112, 512, '683'],
    points: [192, 212, 'fc1'],
    pose: [192, 3309, 'fc1'],
    age: [96, 3, 'fc1'],
  } as const;
  for (const [name, [side, width, output]] of Object.entries(graphs))
    await writeFile(join(modelsDir, `own/${name}.onnx`), dullGraph(side, width, output));
  const confidence = { threshold: 0.3, steepness: 10, lowest: 0, middle: 0.5, highest: 1 };
  const faces = await analyse(
    {
      detector: { family: 'scrfd', file: 'det.onnx', sizes: [640], scoreThreshold: 0.5, ...THRESHOLDS },
      landmarks: { family: '2d106det', file: 'points.onnx', scheme: 'insightface-2d106' },
      recognition: {
        family: 'arcface',
        file: 'rec.onnx',
        channelOrder: 'RGB',
        mean: 127.5,
        std: 127.5,
        match: { threshold: 0.3, confidence },
      },
      pose: { family: '1k3d68', file: 'pose.onnx', calibration: { roll: 0, yaw: 0, pitch: 0 } },
      demographics: { family: 'genderage', file: 'age.onnx', genders: ['Female', 'Male'] },
    },
    3,
  );
  expect(faces).toHaveLength(3);
  for (const { landmarks, embedding, attributes } of faces) {
    expect(landmarks).toHaveLength(106);
    expect(embedding).toHaveLength(512);
    expect(attributes.pose?.yaw).toEqual(expect.any(Number));
    // Its own model gives these, without a confidence of the age.
    expect(attributes.gender?.label).toMatch(/Female|Male/);
    expect(attributes.age).toMatchObject({ years: expect.any(Number) as number, confidence: null });
    // From the default pack; mask, quality and race by that pack's recognition model.
    for (const name of ['liveness', 'mask', 'quality'] as const)
      expect(attributes[name]).toEqual(expect.any(Number));
    expect(attributes.race).not.toBeNull();
  }
});
