/** The ArcFace family with both normalisations: a graph that returns the mean of its input, with InsightFace's scaling. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floatTensor, node } from '../../models/tools/onnx-graph.js';
import { Config } from '../../src/config/config.js';
import type { Pack } from '../../src/packs/pack.js';
import type { RecognitionModel } from '../../src/packs/recognition-model.js';
import { type Recognition, RecognitionService } from '../../src/recognition/recognition.service.js';
import { SessionManager } from '../../src/sessions/session-manager.service.js';
import { tinyGraph } from '../fixtures/tiny-graphs.js';

let folder: string;
let sessions: SessionManager;

/** Output k is the mean of channel k, and 0 from the fourth on. */
const MEANS = Float32Array.from({ length: 3 * 512 }, (_, i) => (i % 512 === Math.floor(i / 512) ? 1 : 0));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recognition-'));
  sessions = new SessionManager(new Config());
  const nodes = [
    node('GlobalAveragePool', ['input'], ['pooled']),
    node('Flatten', ['pooled'], ['flat']),
    node('MatMul', ['flat', 'means'], ['683']),
  ];
  const graph = (width: number): Uint8Array =>
    tinyGraph([1, 3, 112, 112], { '683': [1, width] }, nodes, [
      floatTensor(
        'means',
        [3, width],
        MEANS.filter((_, i) => i % 512 < width),
      ),
    ]);
  await writeFile(join(folder, 'arcface.onnx'), graph(512));
  await writeFile(join(folder, 'short.onnx'), graph(128));
});
afterAll(async () => {
  await sessions.onModuleDestroy();
  await rm(folder, { recursive: true });
});

async function embed(facts: Partial<RecognitionModel>): Promise<Recognition> {
  const recognition = { family: 'arcface', file: 'arcface.onnx', hasFeatures: false, ...facts };
  const service = new RecognitionService({ folder, models: { recognition } } as unknown as Pack, sessions);
  await service.onModuleInit();
  const image = {
    width: 200,
    height: 200,
    data: Uint8Array.from({ length: 120_000 }, (_, i) => [255, 0, 191][i % 3]),
  };
  const keypoints = [
    { x: 80, y: 80 },
    { x: 120, y: 80 },
    { x: 100, y: 105 },
    { x: 85, y: 125 },
    { x: 115, y: 125 },
  ];
  const [identity] = await service.embed([{ image, keypoints }]);
  return identity;
}

it('scales to −1…1 as w600k_r50 wants it', async () => {
  const { embedding, norm } = await embed({ channelOrder: 'RGB', mean: 127.5, std: 127.5 });
  const inputs = [...embedding.slice(0, 4)].map((value) => value * norm);
  // (255 − 127.5) / 127.5, (0 − 127.5) / 127.5, (191 − 127.5) / 127.5
  expect(inputs).toEqual([1, -1, 0.498039, 0].map((value) => expect.closeTo(value, 4) as number));
});

it('leaves 0…255 as it is for a graph that scales by itself', async () => {
  const { embedding, norm } = await embed({ channelOrder: 'RGB', mean: 0, std: 1 });
  const inputs = [...embedding.slice(0, 4)].map((value) => value * norm);
  expect(inputs).toEqual([255, 0, 191, 0].map((value) => expect.closeTo(value, 2) as number));
  expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
});

it('swaps the channels where the pack says so', async () => {
  const { embedding, norm } = await embed({ channelOrder: 'BGR', mean: 127.5, std: 128 });
  expect(embedding[0] * norm).toBeCloseTo(63.5 / 128, 4);
});

it('refuses a graph with an embedding of another size', async () => {
  const facts = { file: 'short.onnx', channelOrder: 'RGB', mean: 0, std: 1 } as const;
  await expect(embed(facts)).rejects.toThrow(/^short\.onnx does not fit its role: .*683 1×128.*N×512/);
});
