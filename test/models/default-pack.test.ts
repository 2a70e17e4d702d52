/** The graphs of the default pack give what the originals give. Needs the prepared pack; fetches the originals through npm. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { applyTransforms } from '../../models/tools/apply-transforms.js';
import { inspect } from '../../models/tools/checksum.js';
import { fetchFiles, type Files } from '../../models/tools/fetch.js';
import { readRecipe, type Recipe } from '../../models/tools/recipe.js';
import { type Build, PackageSource } from '../../models/tools/sources.js';
import { publishedDetector } from '../../training/published.js';
import * as hopenet from '../../src/attributes/hopenet.js';
import { SHAPE as FEATURES } from '../../src/attributes/appearance.head.js';
import { select } from '../../src/detection/select.js';
import * as landmarks68 from '../../src/detection/landmarks68.js';
import * as ultraface from '../../src/detection/ultraface.js';
import * as arcface from '../../src/recognition/arcface.js';
import { cosineSimilarity, normalise } from '../../src/recognition/similarity.js';
import { iou } from '../../src/vision/box.js';
import type { Image } from '../../src/vision/image.js';
import type { ScoredBox } from '../../src/vision/nms.js';
import { softmax, zeros } from '../../src/vision/tensor.js';
import { sample } from '../fixtures/pictures.js';
import { concat, largestDifference, picture, run, session, type Tensors } from '../support/run-graphs.js';

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

/** The graph that the detector was tuned from. */
const PUBLISHED_DETECTOR = 'model/fr_detect.onnx';

/** Of the recognition model. */
const NORMALISATION = { order: 'BGR', mean: [127.5, 127.5, 127.5], std: [128, 128, 128] } as const;

/** Rounding differs with the order of additions; measured below 5e-6 on values up to 10. */
const TOLERANCE = 2e-5;

let recipe: Recipe;
let originals: Files;
const opened = new Map<string, ReturnType<typeof session>>();

beforeAll(async () => {
  recipe = await readRecipe('models', 'default');
  const source = recipe.sources['faceplugin'];
  if (!(source instanceof PackageSource)) throw new Error('The default pack has another source.');
  const published = recipe.files.flatMap(({ build }) => (build?.source === undefined ? [] : build.path));
  const paths = [...new Set([...published, PUBLISHED_DETECTOR])];
  originals = await fetchFiles(source, paths, join(tmpdir(), 'face-models-cache'), { write: () => true });
});

const built = (file: string): Promise<Buffer> => readFile(join(recipe.folder, file));

/** A session over a graph of the pack; one of each for all tests. */
function sessionOf(file: string): ReturnType<typeof session> {
  const known = opened.get(file) ?? built(file).then(session);
  opened.set(file, known);
  return known;
}

function original(file: string): Buffer {
  const path = recipe.files.find((each) => each.file === file)?.build?.path ?? '';
  return originals.get(path) ?? Buffer.alloc(0);
}

/** The source of a graph: a file of the package, or one that comes with the pack. */
function sourceOf({ source, path }: Build): Promise<Buffer> {
  return source === undefined ? built(path) : Promise.resolve(originals.get(path) ?? Buffer.alloc(0));
}

function outputOf(tensors: Tensors, name: string): Float32Array {
  return tensors[name]?.data ?? new Float32Array();
}

it('is complete, and its graphs are made by the transforms that pack.json lists', async () => {
  expect((await inspect(recipe)).filter(({ state }) => state !== 'ok')).toEqual([]);
  for (const { file, build } of recipe.files) {
    if (build === undefined) continue;
    const made = Buffer.from(applyTransforms(await sourceOf(build), build.transforms));
    expect(made.equals(await built(file))).toBe(true);
  }
});

describe.each(Object.entries(GRAPHS))('%s', (file, { dims, range, outputs, sizes }) => {
  const [channels, height, width] = dims;
  const images = [1, 2, 3].map((seed) => picture(seed, channels, height, width, range[0], range[1]));

  it('gives the same for a batch as the original for each image', async () => {
    const source = await session(original(file));
    const batch = await run(await sessionOf(file), concat(images), [images.length, ...dims]);
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
    const { features } = await run(await sessionOf('recognition.onnx'), image, [1, 3, 112, 112]);
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

  it("is tuned from a graph with the original's scores, whose locations decode to the original's boxes", async () => {
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
    [320, 240, 'detector.onnx'],
    [320, 320, 'detector.onnx'],
    [640, 480, 'detector.onnx'],
    [640, 640, 'detector.onnx'],
    [96, 416, 'detector.onnx'],
    [960, 736, 'detector.onnx'],
    [1280, 960, 'detector.onnx'],
    [320, 240, 'detector-8-bit.onnx'],
    [480, 368, 'detector-8-bit.onnx'],
    [96, 416, 'detector-8-bit.onnx'],
  ])('at %i×%i pixels, %s gives two scores and four numbers for each anchor', async (width, height, file) => {
    const model = await sessionOf(file);
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

describe('the 8-bit graphs', () => {
  /** Eyes, nose and corners of the mouth of a head that is not tilted. */
  const UPRIGHT = [
    { x: 38, y: 52 },
    { x: 74, y: 52 },
    { x: 56, y: 72 },
    { x: 42, y: 92 },
    { x: 71, y: 92 },
  ];
  const sessions = (name: string, folder = '') =>
    Promise.all([`${folder}${name}.onnx`, `${name}-8-bit.onnx`].map(sessionOf));
  const photo = async (number: number): Promise<Image> => {
    const { data, info } = await sharp(sample(number))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: new Uint8Array(data) };
  };

  /** The faces of a photo at one size, by a graph: nearly certain ones, overlaps suppressed. */
  async function facesOf(
    model: Awaited<ReturnType<typeof session>>,
    image: Image,
    size: number,
  ): Promise<ScoredBox[]> {
    const place = ultraface.letterbox(image, size);
    const input = zeros(1, 3, place.height, place.width);
    ultraface.preprocess(image, place, input, 0);
    const outputs = await run(model, input.data, [1, 3, place.height, place.width]);
    const found = ultraface.postprocess(
      [outputOf(outputs, 'scores'), outputOf(outputs, 'locations')],
      place,
      image,
      0.9,
    );
    return select(found, image, { iou: 0.3, containment: 0.6 });
  }

  it.each([1, 2, 3, 4, 5, 6])('find the same faces in photo %i as the float graphs', async (number) => {
    const [floats, whole] = await sessions('detector');
    const image = await photo(number);
    for (const size of [160, 320, 480]) {
      const before = await facesOf(floats, image, size);
      const after = await facesOf(whole, image, size);
      // Each face with a score above 0.97 by one graph is a candidate of the other.
      const certain = (faces: ScoredBox[]) => faces.filter(({ score }) => score > 0.97);
      for (const { box } of certain(before))
        expect(Math.max(...after.map((face) => iou(face.box, box)))).toBeGreaterThan(0.8);
      for (const { box } of certain(after))
        expect(Math.max(...before.map((face) => iou(face.box, box)))).toBeGreaterThan(0.8);
    }
  });

  it.each([1, 2, 3, 4, 5, 6])('give the poses of photo %i within 6° of the float graphs', async (number) => {
    const [detector] = await sessions('detector');
    const [floats, whole] = await sessions('pose');
    const image = await photo(number);
    const faces = await facesOf(detector, image, 320);
    expect(faces.length).toBeGreaterThan(0);
    for (const { box } of faces) {
      const input = zeros(1, ...hopenet.SHAPE);
      hopenet.preprocess({ image, box, keypoints: UPRIGHT }, input, 0);
      const [before, after] = await Promise.all(
        [floats, whole].map((model) => run(model, input.data, [1, ...hopenet.SHAPE])),
      );
      for (const angle of ['yaw', 'pitch', 'roll'])
        expect(Math.abs(degrees(outputOf(after, angle)) - degrees(outputOf(before, angle)))).toBeLessThan(6);
    }
  });

  it.each([1, 2, 3, 4, 5, 6])('describe the people in photo %i like the float graphs', async (number) => {
    const [detector] = await sessions('detector');
    const recognition = await sessions('recognition');
    const appearance = await sessions('appearance', 'heads/');
    const landmarks = await sessionOf('landmarks.onnx');
    const image = await photo(number);
    const faces = await facesOf(detector, image, 320);
    expect(faces.length).toBeGreaterThan(0);
    for (const { box } of faces) {
      const input = zeros(1, ...arcface.SHAPE);
      const crop = zeros(1, ...landmarks68.SHAPE);
      landmarks68.preprocess(image, landmarks68.cropMap(box), crop, 0);
      const placed = await run(landmarks, crop.data, [1, ...landmarks68.SHAPE]);
      const keypoints = landmarks68.fivePoints(landmarks68.postprocess(outputOf(placed, 'landmarks'), box));
      arcface.preprocess({ image, keypoints }, NORMALISATION, input, 0);
      const [before, after] = await Promise.all(
        recognition.map((model) => run(model, input.data, [1, ...arcface.SHAPE])),
      );
      const [wanted, embedding] = [before, after].map((one) => normalise(outputOf(one, 'embedding')));
      expect(cosineSimilarity(embedding, wanted)).toBeGreaterThan(0.96);
      const [theirs, ours] = await Promise.all(
        appearance.map((model, form) =>
          run(model, outputOf([before, after][form] ?? {}, 'features'), [1, ...FEATURES]),
        ),
      );
      expect(Math.abs(years(ours) - years(theirs))).toBeLessThan(5);
      for (const answer of ['gender', 'mask', 'face'])
        expect(largestDifference(outputOf(ours, answer), outputOf(theirs, answer))).toBeLessThan(0.2);
    }
  });
});

/** Expectation over the years. */
function years(answers: Tensors): number {
  return outputOf(answers, 'age').reduce((sum, p, age) => sum + p * age, 0);
}

/** Expectation over bins of 3 degrees. */
function degrees(logits: Float32Array): number {
  return softmax(logits).reduce((sum, p, bin) => sum + p * bin * 3, 0);
}
