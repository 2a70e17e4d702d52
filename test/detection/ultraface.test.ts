/** The detector's geometry: against the real graph, and against boxes worked out by hand. */
import { Config } from '../../src/config/config.js';
import * as ultraface from '../../src/detection/ultraface.js';
import { loadPack } from '../../src/packs/load-pack.js';
import { type Model, SessionManager } from '../../src/sessions/session-manager.service.js';
import { zeros } from '../../src/vision/tensor.js';

const picture = (width: number, height: number): { width: number; height: number; data: Uint8Array } => ({
  width,
  height,
  data: new Uint8Array(width * height * 3),
});

/** How many anchors an input has: as many boxes as it gives where every score passes. */
function anchorCount(width: number, height: number): number {
  const scores = new Float32Array(2 * 100_000).fill(1);
  const letterbox = { width, height, innerWidth: width, innerHeight: height };
  const outputs = [scores, new Float32Array(4 * 100_000)];
  return ultraface.postprocess(outputs, letterbox, picture(width, height), 0.5).length;
}

describe('the anchors of the real graph', () => {
  const config = new Config();
  const sessions = new SessionManager(config);
  let detector: Model;
  beforeAll(async () => {
    const { folder, models } = loadPack(config);
    detector = await sessions.open(`${folder}/${models.detector.file}`, ultraface.SIGNATURE);
  });
  afterAll(() => sessions.onModuleDestroy());

  test.each([
    [320, 240],
    [240, 320],
    [640, 480],
    [32, 32],
    [336, 192],
    [48, 320],
    [1280, 960],
  ])('%i×%i', async (width, height) => {
    const { scores, locations } = await detector.run(zeros(2, 3, height, width));
    expect(scores.shape).toEqual([2, anchorCount(width, height), 2]);
    expect(locations.shape).toEqual([2, anchorCount(width, height), 4]);
  });

  test('the published input has the published number of anchors', () => {
    expect(anchorCount(320, 240)).toBe(4420);
  });
});

describe('letterbox', () => {
  test.each([
    // a picture of the input's own shape fills it
    [640, 480, 320, { innerWidth: 320, innerHeight: 240, width: 320, height: 240 }],
    // 1280 · 320/1920 = 213⅓, on a grid of 16
    [1920, 1280, 320, { innerWidth: 320, innerHeight: 213, width: 320, height: 224 }],
    [1280, 1920, 320, { innerWidth: 213, innerHeight: 320, width: 224, height: 320 }],
    // small pictures are enlarged
    [20, 10, 320, { innerWidth: 320, innerHeight: 160, width: 320, height: 160 }],
    // a strip still has a pixel, and an input of two cells
    [2000, 1, 320, { innerWidth: 320, innerHeight: 1, width: 320, height: 32 }],
  ])('%i×%i at %i', (width, height, size, expected) => {
    expect(ultraface.letterbox(picture(width, height), size)).toEqual(expected);
  });
});

describe('postprocess', () => {
  const image = picture(640, 480);
  const box = ultraface.letterbox(image, 320);
  const count = anchorCount(box.width, box.height);

  /** The boxes found when one anchor alone has a score and a location. */
  function found(
    anchor: number,
    score: number,
    location: readonly number[],
  ): ReturnType<typeof ultraface.postprocess> {
    const scores = new Float32Array(count * 2);
    const locations = new Float32Array(count * 4);
    scores[anchor * 2 + 1] = score;
    locations.set(location, anchor * 4);
    return ultraface.postprocess([scores, locations], box, image, 0.5);
  }

  test('stride 8, row 2, column 3, size 16, moved and stretched', () => {
    // anchor (2·40 + 3)·3 + 1; centre x = 3.5·8 + 0.5·0.1·16 = 28.8, y = 2.5·8 − 1·0.1·16 = 18.4;
    // width 16, height 16·exp(0.2·3.4657) = 32; times 2 for the picture
    const [{ box, score }] = found(250, 0.75, [0.5, -1, 0, Math.log(2) / 0.2]);
    expect(score).toBe(0.75);
    expect(box.x1).toBeCloseTo(41.6, 4);
    expect(box.y1).toBeCloseTo(4.8, 4);
    expect(box.x2).toBeCloseTo(73.6, 4);
    expect(box.y2).toBeCloseTo(68.8, 4);
  });

  test('stride 32, row 1, column 2, size 64: the deep levels sit 8 input pixels higher', () => {
    // anchors before: 40·30·3 + 20·15·2 = 4200, then (1·10 + 2)·2; centre x = 2.5·32 = 80, y = 1.5·32 − 8 = 40
    expect(found(4224, 1, [0, 0, 0, 0])).toEqual([{ score: 1, box: { x1: 96, y1: 16, x2: 224, y2: 144 } }]);
  });

  test('the last anchor is the largest size of the last cell', () => {
    // stride 64, row 3, column 4, size 256; centre x = 4.5·64 = 288, y = 3.5·64 − 8 = 216
    expect(found(count - 1, 1, [0, 0, 0, 0])).toEqual([
      { score: 1, box: { x1: 320, y1: 176, x2: 832, y2: 688 } },
    ]);
  });

  test('a score below the least is no box, one that reaches it is', () => {
    expect(found(0, 0.4999, [0, 0, 0, 0])).toHaveLength(0);
    expect(found(0, 0.5, [0, 0, 0, 0])).toHaveLength(1);
  });

  test('a picture stretched unevenly by rounding gets its own scale per axis', () => {
    const wide = picture(1920, 1280);
    const fitted = ultraface.letterbox(wide, 320);
    const anchors = anchorCount(fitted.width, fitted.height);
    const scores = new Float32Array(anchors * 2);
    scores[1] = 1;
    const [{ box }] = ultraface.postprocess([scores, new Float32Array(anchors * 4)], fitted, wide, 0.5);
    // centre (4, 4), size 10; 1920/320 = 6 and 1280/213 = 6.00939
    expect(box.x2).toBeCloseTo(54, 4);
    expect(box.y2).toBeCloseTo((9 * 1280) / 213, 4);
  });
});
