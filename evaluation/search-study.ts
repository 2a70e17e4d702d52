/**
 * What it would bring to search pictures at fewer input sizes, or to rescore fewer candidates: faces found, false boxes
 * and model runs for each choice. `node dist/evaluation/search-study.js --limit 200`
 *
 * Every choice runs the service's own analysis. Beside the sets of `npm run eval -- detection` it uses larger pictures
 * made from them, because most photos of those sets are too small for the largest size.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/config.js';
import { ImageDecoder } from '../src/images/image-decoder.js';
import type { ScaleAgreement, DetectorModel } from '../src/packs/detector-model.js';
import { Pack } from '../src/packs/pack.js';
import { AnalysisService } from '../src/worker/analysis.service.js';
import type { Image } from '../src/vision/image.js';
import { tableText } from '../tools/table.js';
import { countedWorker } from '../test/support/counted-worker.js';
import { closeUp, type Derived, enlarged, mosaic, shrunk, turned } from './derived.js';
import { BOXES_ONLY } from './engine.js';
import { centralFace, Judge, JUDGE_FILE, judged } from './judge.js';
import { centresAgree, type KnownFace, match } from './matching.js';
import { FIRST_LEARNT_PATTERN, groupPhotos, patterns, photos } from './pictures.js';
import { startProgress } from './progress.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    judge: { type: 'string', default: JUDGE_FILE },
    limit: { type: 'string', default: '1000' },
    /** "learnt" to choose by, "held out" to report. */
    part: { type: 'string', default: 'held out' },
    /** A regular expression: only choices with a matching name are run. */
    only: { type: 'string', default: '' },
  },
});
const part = values.part === 'learnt' ? 'learnt' : 'held out';
const limit = Number(values.limit);

/** Longer side of the pictures that are enlarged, in pixels. */
const LARGE = 640;
const MOSAIC = { columns: 4, rows: 3 };
const JUDGE_IOU = 0.4;
const BY_CENTRE = /group|turned|close-up|high/;

interface Scene {
  readonly set: string;
  readonly image: Image;
  readonly known: readonly KnownFace[];
}

/** One way to search. */
interface Choice {
  readonly name: string;
  readonly sizes?: readonly number[];
  /** `null`: no rule. */
  readonly rule?: Partial<ScaleAgreement> | null;
}

const ALL_CHOICES: readonly Choice[] = [
  { name: 'all sizes, all rescored', rule: null },
  { name: 'never the third', rule: { minScoreAlone: 0, minSupportScore: 1, maxClearPixels: 10_000 } },
  { name: 'only 160, 320', sizes: [160, 320], rule: null },
  { name: 'all of 160, 320, 448', sizes: [160, 320, 448], rule: null },
  { name: "the pack's rule" },
  { name: 'support from 0.5', rule: { minSupportScore: 0.5 } },
  { name: 'alone from 0.95', rule: { minScoreAlone: 0.95 } },
  { name: 'clear from 16', rule: { minClearPixels: 16 } },
  { name: 'clear to 10,000', rule: { maxClearPixels: 10_000 } },
];

const CHOICES = ALL_CHOICES.filter(({ name }) => new RegExp(values.only).test(name));

/** The result of a choice on the pictures of a set. */
interface Outcome {
  pictures: number;
  asked: number;
  found: number;
  wrong: number;
}

/** Runs per model since the last count, the detector's by the longer side of its input. */
const runs = new Map<string, number>();
const config = loadConfig();
const context = await countedWorker(config, count);
const analysis = context.get(AnalysisService);
const { detector } = context.get(Pack, { strict: false }).models;
const usual: DetectorModel = { ...detector };
const decoder = new ImageDecoder(config);
const opened = await Judge.open(values.judge);
if (opened === undefined) throw new Error(`There is no judge: ${values.judge} does not exist.`);
const judge: Judge = opened;

const totals = new Map(CHOICES.map(({ name }) => [name, new Map<string, Outcome>()]));
const counts = new Map(CHOICES.map(({ name }) => [name, new Map<string, number>()]));
for await (const scene of scenes()) {
  for (const choice of CHOICES) await tryChoice(scene, choice);
}
await Promise.all([context.close(), judge.close()]);
report();

async function tryChoice({ set, image, known }: Scene, { name, sizes, rule }: Choice): Promise<void> {
  detector.sizes = [...(sizes ?? usual.sizes)];
  detector.rescoring = usual.rescoring && {
    ...usual.rescoring,
    scaleAgreement:
      rule === null || usual.rescoring.scaleAgreement === undefined
        ? undefined
        : { ...usual.rescoring.scaleAgreement, ...rule },
  };
  runs.clear();
  const { faces } = await analysis.analyze([{ image, options: BOXES_ONLY }]);
  const found = faces[0].map(({ box, confidence }) => ({ box, score: confidence }));
  const verdicts = BY_CENTRE.test(set)
    ? match(found, known, 1, centresAgree)
    : match(found, known, JUDGE_IOU);
  const sum = entry(entry(totals, name, new Map<string, Outcome>()), set, {
    pictures: 0,
    asked: 0,
    found: 0,
    wrong: 0,
  });
  sum.pictures++;
  sum.asked += known.filter(({ certain }) => certain).length;
  sum.found += verdicts.filter(({ verdict }) => verdict === 'face').length;
  sum.wrong += verdicts.filter(({ verdict }) => verdict === 'not').length;
  const count = entry(counts, name, new Map<string, number>());
  for (const [model, times] of runs) count.set(model, (count.get(model) ?? 0) + times);
}

/** The pictures of every set, with what is known to be in them. */
async function* scenes(): AsyncGenerator<Scene> {
  const inData = (name: string): string => join(values.data, name);
  const all = [
    ...(part === 'held out' ? await groupPhotos(inData('detection')) : []).filter(({ faces }) => faces),
    ...patterns(Math.min(limit, 400), part === 'held out' ? 0 : FIRST_LEARNT_PATTERN),
    ...(await photos('LFW', inData('lfw'), { limit, part })),
    ...(await photos('masks', inData('mask'), { limit, part })),
  ];
  const line = startProgress(process.stderr, 'pictures', all.length);
  let cells: Image[] = [];
  let seed = 0;
  for (const picture of all) {
    const set = picture.set === 'detection' ? 'group photos' : picture.set;
    const image = await picture.load(decode);
    const known = picture.faces?.map(certainly) ?? (await judged(judge, image));
    yield { set, image, known };
    line.tick();
    if (picture.set === 'masks' && Math.max(image.width, image.height) < LARGE) {
      yield* judgedScene('masks, enlarged', enlarged(image, LARGE));
    }
    if (picture.set !== 'LFW') continue;
    cells.push(image);
    if (cells.length === MOSAIC.columns * MOSAIC.rows) {
      yield* judgedScene('twelve people', mosaic(cells, MOSAIC.columns, LARGE));
      cells = [];
    }
    const face = centralFace(known, image);
    if (face !== undefined) yield* derivedScenes({ image, face }, seed++);
  }
  line.done();
}

async function* judgedScene(set: string, image: Image): AsyncGenerator<Scene> {
  yield { set, image, known: await judged(judge, image) };
}

async function* derivedScenes(photo: Derived, seed: number): AsyncGenerator<Scene> {
  const height = photo.face.y2 - photo.face.y1;
  const size = seed % 2 === 0 ? 12 : 16;
  // As high as the canvas of the small faces.
  const large = shrunk(photo, (height * 480) / photo.image.height, seed);
  const others: [set: string, derived: Derived][] = [
    ['48 pixels high', shrunk(photo, 48, seed)],
    ['close-up, 50 %', closeUp(photo, 0.5)],
    ['turned by 90°', turned(photo, seed % 8 < 4 ? 90 : -90)],
    ['turned by 90°, enlarged', turned(large, seed % 8 < 4 ? 90 : -90)],
  ];
  for (const [set, derived] of [
    [`${size} pixels high`, shrunk(photo, size, seed)] as const,
    others[seed % others.length],
  ]) {
    const seen = (await judge.faces(derived.image)).map(({ box }) => ({ box, certain: false }));
    yield { set, image: derived.image, known: [certainly(derived.face), ...seen] };
  }
}

function report(): void {
  const [first] = totals.values();
  const sets = [...first.keys()];
  const pictures = [...first.values()].reduce((sum, one) => sum + one.pictures, 0);
  process.stdout.write(
    tableText({
      title: `Faces found, false boxes (${part})`,
      head: ['choice', ...sets.map((set) => `${set}: ${first.get(set)?.pictures}`)],
      rows: [...totals].map(([name, outcomes]) => [
        name,
        ...[...outcomes.values()].map(({ asked, found, wrong }) =>
          asked === 0 ? `${wrong}` : `${((100 * found) / asked).toFixed(1)} %, ${wrong}`,
        ),
      ]),
    }),
  );
  const models = [...new Set([...counts.values()].flatMap((count) => [...count.keys()]))].toSorted();
  process.stdout.write(
    tableText({
      title: 'Items that went through each model, per picture',
      head: ['choice', ...models],
      rows: [...counts].map(([name, count]) => [
        name,
        ...models.map((model) => ((count.get(model) ?? 0) / pictures).toFixed(3)),
      ]),
    }),
  );
}

/** Counts the items of a run. */
function count(model: string, [items, , height, width]: readonly number[]): void {
  const key = model === 'detector' ? `detector at ${Math.max(width, height)}` : model;
  runs.set(key, (runs.get(key) ?? 0) + items);
}

async function decode(path: string): Promise<Image> {
  return decoder.decode(await readFile(path), 'image', AbortSignal.timeout(60_000));
}

function certainly(box: KnownFace['box']): KnownFace {
  return { box, certain: true };
}

function entry<K, V>(map: Map<K, V>, key: K, empty: V): V {
  const value = map.get(key) ?? empty;
  map.set(key, value);
  return value;
}
