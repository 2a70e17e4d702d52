/** The graphs of the default pack give what the originals give. Needs the prepared pack; fetches the originals through npm. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyTransforms } from '../../models/tools/apply-transforms.js';
import { inspect } from '../../models/tools/checksum.js';
import { fetchFiles, type Files } from '../../models/tools/fetch.js';
import { readRecipe, type Recipe } from '../../models/tools/recipe.js';
import { PackageSource } from '../../models/tools/sources.js';
import { publishedDetector } from '../../models/tools/train/published.js';
import { concat, largestDifference, picture, run, session, type Tensors } from './runtime.js';

/** Input of a graph, the values it is fed with, and the names of its outputs: original -> ours. */
const GRAPHS = {
  'landmarks.onnx': { dims: [1, 64, 64], range: [0, 1], outputs: { output: 'landmarks' }, sizes: [136] },
  'recognition.onnx': { dims: [3, 112, 112], range: [-1, 1], outputs: { output: 'embedding' }, sizes: [512] },
  'pose.onnx': {
    dims: [3, 224, 224],
    range: [-2, 2.5],
    outputs: { output: 'yaw', '617': 'pitch', '618': 'roll' },
    sizes: [66, 66, 66],
  },
  'liveness.onnx': { dims: [3, 128, 128], range: [0, 255], outputs: { output: 'logits' }, sizes: [3] },
} as const;

/** What the detector was tuned from. */
const PUBLISHED_DETECTOR = 'model/fr_detect.onnx';

/** Rounding differs with the order of additions; measured below 5e-6 on values up to 10. */
const TOLERANCE = 2e-5;

let recipe: Recipe;
let originals: Files;

beforeAll(async () => {
  recipe = await readRecipe('models', 'default');
  const source = recipe.sources['faceplugin'];
  if (!(source instanceof PackageSource)) throw new Error('The default pack has another source.');
  const paths = [...recipe.files.flatMap(({ build }) => build?.path ?? []), PUBLISHED_DETECTOR];
  originals = await fetchFiles(source, paths, join(tmpdir(), 'face-models-cache'), { write: () => true });
});

const built = (file: string): Promise<Buffer> => readFile(join(recipe.folder, file));

function original(file: string): Buffer {
  const path = recipe.files.find((each) => each.file === file)?.build?.path ?? '';
  return originals.get(path) ?? Buffer.alloc(0);
}

function outputOf(tensors: Tensors, name: string): Float32Array {
  return tensors[name]?.data ?? new Float32Array();
}

it('is complete and made by the transforms that pack.json lists', async () => {
  expect((await inspect(recipe)).filter(({ state }) => state !== 'ok')).toEqual([]);
  for (const { file, build } of recipe.files) {
    if (build === undefined) continue;
    expect(Buffer.from(applyTransforms(original(file), build.transforms)).equals(await built(file))).toBe(
      true,
    );
  }
});

describe.each(Object.entries(GRAPHS))('%s', (file, { dims, range, outputs, sizes }) => {
  const [channels, height, width] = dims;
  const images = [1, 2, 3].map((seed) => picture(seed, channels, height, width, range[0], range[1]));

  it('gives for a batch what the original gives for each image', async () => {
    const source = await session(original(file));
    const batch = await run(await session(await built(file)), concat(images), [images.length, ...dims]);
    const singles = await Promise.all(images.map((image) => run(source, image, [1, ...dims])));
    for (const [index, [theirs, ours]] of Object.entries(outputs).entries()) {
      expect(batch[ours]?.dims).toEqual([images.length, sizes[index]]);
      const expected = concat(singles.map((single) => outputOf(single, theirs)));
      expect(largestDifference(outputOf(batch, ours), expected)).toBeLessThan(TOLERANCE);
    }
  });
});

describe('recognition.onnx', () => {
  it('gives the feature map after the 14×14 stage as features', async () => {
    const inner = { from: '471', name: 'map', shape: ['N', 128, 14, 14] };
    const inputs = [{ from: 'input', name: 'input', shape: ['N', 3, 112, 112] }];
    const source = applyTransforms(original('recognition.onnx'), [
      { op: 'interface', inputs, outputs: [inner] },
    ]);
    const image = picture(4, 3, 112, 112, -1, 1);
    const { map } = await run(await session(source), image, [1, 3, 112, 112]);
    const { features } = await run(await session(await built('recognition.onnx')), image, [1, 3, 112, 112]);
    expect(features?.dims).toEqual([1, 128, 14, 14]);
    expect(largestDifference(features?.data ?? [], map?.data ?? [])).toBeLessThan(TOLERANCE);
  });
});

describe('detector.onnx', () => {
  /** Stride and anchor sizes in pixels of RFB-320. */
  const LAYERS = [
    [8, [10, 16, 24]],
    [16, [32, 48]],
    [32, [64, 96]],
    [64, [128, 192, 256]],
  ] as const;

  /** Boxes x1, y1, x2, y2 in 0…1 of a 320×240 input, from raw locations, as the original decodes them. */
  function decode(locations: Float32Array): number[] {
    const boxes: number[] = [];
    for (const [stride, sizes] of LAYERS) {
      const [rows, columns] = [Math.ceil(240 / stride), Math.ceil(320 / stride)];
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          for (const size of sizes) {
            const [dx = 0, dy = 0, dw = 0, dh = 0] = locations.subarray(boxes.length, boxes.length + 4);
            // The original spreads its anchors evenly where the height is no height of the stride, and clips them.
            const [w, h] = [size / 320, Math.min(1, size / 240)];
            const x = (column + 0.5) / columns + 0.1 * dx * w;
            const y = (row + 0.5) / rows + 0.1 * dy * h;
            const [halfWidth, halfHeight] = [(w * Math.exp(0.2 * dw)) / 2, (h * Math.exp(0.2 * dh)) / 2];
            boxes.push(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
          }
        }
      }
    }
    return boxes;
  }

  it('is tuned from a graph with the scores of the original, and locations that decode to its boxes', async () => {
    const image = picture(5, 3, 240, 320, -1, 1);
    const source = originals.get(PUBLISHED_DETECTOR) ?? Buffer.alloc(0);
    const theirs = await run(await session(source), image, [1, 3, 240, 320]);
    const ours = await run(await session(await publishedDetector()), image, [1, 3, 240, 320]);
    expect(largestDifference(outputOf(ours, 'scores'), outputOf(theirs, 'scores'))).toBeLessThan(TOLERANCE);
    expect(largestDifference(decode(outputOf(ours, 'locations')), outputOf(theirs, 'boxes'))).toBeLessThan(
      TOLERANCE,
    );
  });

  it.each([
    [320, 240],
    [320, 320],
    [640, 480],
    [640, 640],
    [96, 416],
    [960, 736],
    [1280, 960],
  ])('takes %i×%i pixels and gives two scores and four numbers for each anchor', async (width, height) => {
    const model = await session(await built('detector.onnx'));
    const images = [6, 7].map((seed) => picture(seed, 3, height, width, -1, 1));
    const anchors = LAYERS.reduce(
      (sum, [stride, sizes]) => sum + Math.ceil(height / stride) * Math.ceil(width / stride) * sizes.length,
      0,
    );
    const batch = await run(model, concat(images), [2, 3, height, width]);
    expect(batch['scores']?.dims).toEqual([2, anchors, 2]);
    expect(batch['locations']?.dims).toEqual([2, anchors, 4]);
    const singles = await Promise.all(images.map((image) => run(model, image, [1, 3, height, width])));
    for (const name of ['scores', 'locations']) {
      const expected = concat(singles.map((single) => outputOf(single, name)));
      expect(largestDifference(outputOf(batch, name), expected)).toBeLessThan(TOLERANCE);
    }
  });
});
