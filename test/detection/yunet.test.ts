/** The YuNet decoder, against a box and keypoints worked out by hand. */
import * as yunet from '../../src/detection/yunet.js';
import { zeros } from '../../src/vision/tensor.js';

const STRIDES = [8, 16, 32];
const picture = { width: 128, height: 64, data: new Uint8Array(128 * 64 * 3).fill(10) };
const box = yunet.letterbox(picture, 64);

/** Outputs of a graph that found nothing. */
function silence(): Float32Array[] {
  return [1, 1, 4, 10].flatMap((numbers) =>
    STRIDES.map((stride) => new Float32Array((box.width / stride) * (box.height / stride) * numbers)),
  );
}

it('gives the picture an input of whole cells', () => {
  expect(box).toEqual({ width: 64, height: 32, innerWidth: 64, innerHeight: 32 });
});

it('writes raw BGR', () => {
  const image = { ...picture, data: picture.data.map((_, index) => [1, 2, 3][index % 3]) };
  const batch = zeros(1, 3, box.height, box.width);
  yunet.preprocess(image, box, batch, 0);
  const plane = box.width * box.height;
  expect([0, 1, 2].map((channel) => batch.data[channel * plane])).toEqual([3, 2, 1]);
});

it('finds nothing where all scores are 0', () => {
  expect(yunet.postprocess(silence(), box, picture, 0.5)).toEqual([]);
});

it('decodes score, box and keypoints of one anchor', () => {
  const outputs = silence();
  // Stride 16 has 4 columns: anchor 6 is row 1, column 2.
  outputs[1][6] = 0.64;
  outputs[4][6] = 1.5;
  outputs[7].set([0.5, 0.25, Math.log(2), 0], 24);
  outputs[10].set([0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1], 60);
  const [{ score, box: found, keypoints }, ...others] = yunet.postprocess(outputs, box, picture, 0.5);
  expect(others).toEqual([]);
  // √(0.64 · 1), the objectness being cut off at 1
  expect(score).toBeCloseTo(0.8, 6);
  // Centre (2.5, 1.25)·16 input pixels, 32 wide and 16 high; the picture is twice as large.
  expect(found.x1).toBeCloseTo(48, 4);
  expect(found.y1).toBeCloseTo(24, 4);
  expect(found.x2).toBeCloseTo(112, 4);
  expect(found.y2).toBeCloseTo(56, 4);
  expect(keypoints).toEqual([
    { x: 64, y: 32 },
    { x: 96, y: 32 },
    { x: 80, y: 48 },
    { x: 64, y: 64 },
    { x: 96, y: 64 },
  ]);
});
