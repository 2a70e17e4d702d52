/**
 * How a thorough search should divide a picture: faces found, false boxes, candidates rescored and CPU time for each
 * choice of tiles. `node dist/evaluation/tiles-study.js --limit 40`
 *
 * The scenes are those of `npm run eval -- large`: one with faces, two without.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/config.js';
import { ImageDecoder } from '../src/images/image-decoder.js';
import type { Tiles } from '../src/packs/detector-model.js';
import { Pack } from '../src/packs/pack.js';
import type { Image } from '../src/vision/image.js';
import { AnalysisService } from '../src/worker/analysis.service.js';
import { countedWorker } from '../test/support/counted-worker.js';
import { tableText } from '../tools/table.js';
import { BOXES_ONLY } from './engine.js';
import { Judge, JUDGE_FILE } from './judge.js';
import { LargeScenes } from './large-scenes.js';
import { centresAgree, match } from './matching.js';

const MEGAPIXELS = 12;
const HEIGHTS = [24, 32, 48, 60, 96];
/** The number of faces of each scene. */
const SCENES = [125, 0, 0];
const CHOICES: readonly Tiles[] = [
  { side: 320, maxFacePixels: 48 },
  { side: 512, maxFacePixels: 48 },
  { side: 768, maxFacePixels: 48 },
  { side: 1024, maxFacePixels: 48 },
  { side: 768, maxFacePixels: 64 },
  { side: 768, maxFacePixels: 96 },
];

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    judge: { type: 'string', default: JUDGE_FILE },
    /** The number of photos. */
    limit: { type: 'string', default: '200' },
  },
});

let rescored = 0;
const config = loadConfig();
const context = await countedWorker(config, (model, [items]) => {
  if (model === 'appearance') rescored += items;
});
const analysis = context.get(AnalysisService);
const { detector } = context.get(Pack, { strict: false }).models;
const decoder = new ImageDecoder(config);
const decode = async (source: string | Uint8Array): Promise<Image> => {
  const bytes = typeof source === 'string' ? await readFile(source) : source;
  return decoder.decode(bytes, 'image', AbortSignal.timeout(60_000));
};
const judge = await Judge.open(values.judge);
if (judge === undefined) throw new Error(`There is no judge: ${values.judge} does not exist.`);
const folder = join(values.data, 'lfw');
const photos = { engine: { decode }, folder, trainedOn: false, limit: Number(values.limit) };
const scenes = await LargeScenes.open(photos, judge);
await judge.close();

const rows = CHOICES.map((tiles) => ({ tiles, asked: 0, found: 0, wrong: 0, rescored: 0, cpuSeconds: 0 }));
for (const [seed, faces] of SCENES.entries()) {
  const order = { megapixels: MEGAPIXELS, background: 'photos', faces, heights: HEIGHTS, seed } as const;
  const scene = await scenes.compose(order);
  const image = await decode(scene.jpeg);
  const known = scene.faces.map(({ box }) => ({ box, certain: true }));
  for (const row of rows) {
    detector.tiles = row.tiles;
    rescored = 0;
    const before = process.cpuUsage();
    // A copy has no halves yet.
    const job = { image: { ...image }, options: { ...BOXES_ONLY, search: 'thorough' } } as const;
    const { faces: answers } = await analysis.analyze([job]);
    const { user, system } = process.cpuUsage(before);
    const found = answers[0].map(({ box, confidence }) => ({ box, score: confidence }));
    const verdicts = match(found, known, 1, centresAgree);
    row.asked += known.length;
    row.found += verdicts.filter(({ verdict }) => verdict === 'face').length;
    row.wrong += verdicts.filter(({ verdict }) => verdict === 'not').length;
    row.rescored += rescored;
    row.cpuSeconds += (user + system) / 1e6;
  }
}
await context.close();
process.stdout.write(
  tableText({
    title: `${SCENES.length} scenes of ${MEGAPIXELS} megapixels`,
    head: ['side', 'maxFacePixels', 'faces', 'found', 'false boxes', 'rescored', 'CPU seconds per megapixel'],
    rows: rows.map((row) => [
      String(row.tiles.side),
      String(row.tiles.maxFacePixels),
      String(row.asked),
      String(row.found),
      String(row.wrong),
      String(row.rescored),
      (row.cpuSeconds / (SCENES.length * MEGAPIXELS)).toFixed(3),
    ]),
  }),
);
