/** The inputs that graphs are calibrated on: drawn as in the service, from photos that are not held out. */
import { join } from 'node:path';
import { SHAPE as FEATURES } from '../../src/attributes/appearance.head.js';
import type { FaceView } from '../../src/attributes/face-view.js';
import { preprocess as drawDemographics, SHAPE as DEMOGRAPHICS } from '../../src/attributes/mobilefacenet.js';
import { preprocess as drawHead, SHAPE as HEAD } from '../../src/attributes/hopenet.js';
import { letterbox, preprocess as drawPicture } from '../../src/detection/ultraface.js';
import {
  normalisationOf,
  preprocess as drawAligned,
  SHAPE as ALIGNED,
} from '../../src/recognition/arcface.js';
import type { Image } from '../../src/vision/image.js';
import { halve } from '../../src/vision/kernels/host/reduce.js';
import { type Tensor, zeros } from '../../src/vision/tensor.js';
import { CHIP_MARGIN, FIRST_LEARNT_PATTERN, patterns, photos } from '../../evaluation/pictures.js';
import { readCsv, sample } from '../../evaluation/data.js';
import { chipFace } from '../../evaluation/labelled-faces.js';
import { startProgress } from '../../evaluation/progress.js';
import type { Finder } from '../finder.js';

const PHOTOS = 150;
const FAIRFACE_PHOTOS = 400;
const PATTERNS = 24;
const SHEET_SIDE = 448;
const CELL_SIDE = 64;
/** The lowest score of a face that is used: nearly certain. */
const FACE_SCORE = 0.95;

/** Photos, and sheets of small photos, at each size that the service searches them at. */
export async function* detectorInputs(finder: Finder, data: string): AsyncGenerator<Tensor> {
  for await (const image of withSheets(pictures(finder, data, 'the detector'))) {
    for (const size of finder.sizesOf(image)) {
      const box = letterbox(image, size);
      const input = zeros(1, 3, box.height, box.width);
      drawPicture(image, box, input, 0);
      yield input;
    }
  }
}

/** The images, and after each full sheet of them the sheet itself, with faces of about 25 pixels. */
async function* withSheets(images: AsyncIterable<Image>): AsyncGenerator<Image> {
  let sheet = { width: SHEET_SIDE, height: SHEET_SIDE, data: new Uint8Array(SHEET_SIDE * SHEET_SIDE * 3) };
  let cell = 0;
  for await (const image of images) {
    yield image;
    const perRow = SHEET_SIDE / CELL_SIDE;
    paste(shrunkToFit(image), sheet, (cell % perRow) * CELL_SIDE, Math.floor(cell / perRow) * CELL_SIDE);
    cell = (cell + 1) % perRow ** 2;
    if (cell > 0) continue;
    yield sheet;
    sheet = { ...sheet, data: new Uint8Array(sheet.data.length) };
  }
}

function shrunkToFit(image: Image): Image {
  if (Math.max(image.width, image.height) <= CELL_SIDE) return image;
  return shrunkToFit(halve(image, 0, 0, Math.ceil(image.width / 2), Math.ceil(image.height / 2)));
}

function paste(image: Image, sheet: Image, left: number, top: number): void {
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    sheet.data.set(row, ((top + y) * sheet.width + left) * 3);
  }
}

/** Faces as drawn for the pose network. */
export async function* poseInputs(finder: Finder, data: string): AsyncGenerator<Tensor> {
  for await (const face of faces(finder, data, 'pose')) {
    const input = zeros(1, ...HEAD);
    drawHead(face, input, 0);
    yield input;
  }
}

/** Faces as drawn for the recognition network. */
export async function* recognitionInputs(finder: Finder, data: string): AsyncGenerator<Tensor> {
  const normalisation = normalisationOf(finder.models.recognition);
  for await (const face of faces(finder, data, 'recognition')) {
    const input = zeros(1, ...ALIGNED);
    drawAligned(face, normalisation, input, 0);
    yield input;
  }
}

/** Faces of FairFace as drawn for the network that tells gender, age and race. */
export async function* demographicsInputs(finder: Finder, data: string): AsyncGenerator<Tensor> {
  const rows = (await readCsv(join(data, 'fairface', 'labels.csv'))).filter(({ split }) => split === 'train');
  const chosen = sample(rows, FAIRFACE_PHOTOS);
  const progress = startProgress(process.stderr, 'faces to calibrate demographics on', chosen.length);
  for (const row of chosen) {
    const image = await finder.decode(join(data, 'fairface', 'images', row['image']));
    progress.tick();
    const face = chipFace(await finder.find(image, FACE_SCORE), image);
    if (face === undefined) continue;
    const [keypoints] = await finder.locateKeypoints(image, [face]);
    const input = zeros(1, ...DEMOGRAPHICS);
    drawDemographics({ image, box: face.box, keypoints }, input, 0);
    yield input;
  }
  progress.done();
}

/** The recognition network's features of faces. */
export async function* featureInputs(finder: Finder, data: string): AsyncGenerator<Tensor> {
  const recognition = await finder.openRecognition();
  for await (const face of faces(finder, data, 'appearance')) {
    const [{ features = new Float32Array() }] = await recognition.runTrunk([face]);
    yield { data: features, shape: [1, ...FEATURES] };
  }
}

/** The largest face of each photo. */
async function* faces(finder: Finder, data: string, what: string): AsyncGenerator<FaceView> {
  for await (const image of pictures(finder, data, what)) {
    const [face] = await finder.find(image, FACE_SCORE);
    // Patterns show no face.
    if (face === undefined) continue;
    const [keypoints] = await finder.locateKeypoints(image, [face]);
    yield { image, box: face.box, keypoints };
  }
}

async function* pictures(finder: Finder, data: string, what: string): AsyncGenerator<Image> {
  const learnt = (set: string, margin = 0) =>
    photos(set, join(data, set), { part: 'learnt', limit: PHOTOS, margin });
  const all = [
    ...(await learnt('lfw')),
    ...(await learnt('mask')),
    ...(await learnt('attributes', CHIP_MARGIN)),
    ...patterns(PATTERNS, FIRST_LEARNT_PATTERN),
  ];
  const progress = startProgress(process.stderr, `pictures to calibrate ${what} on`, all.length);
  for (const { load } of all) {
    yield await load((path) => finder.decode(path));
    progress.tick();
  }
  progress.done();
}
