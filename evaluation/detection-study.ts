/**
 * Compares settings of detection: input sizes, thresholds and suppression rules, on the sets that
 * `npm run eval -- detection` reports on. `node dist/evaluation/detection-study.js --cache FILE`
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/config.js';
import { Detector } from '../src/detection/detector.js';
import { usefulSizes } from '../src/detection/useful-sizes.js';
import { select } from '../src/detection/select.js';
import { ImageDecoder } from '../src/images/image-decoder.js';
import { pathsOf } from '../src/packs/graph-paths.js';
import { loadPack } from '../src/packs/load-pack.js';
import { SessionManager } from '../src/sessions/session-manager.service.js';
import type { Image } from '../src/vision/image.js';
import type { ScoredBox } from '../src/vision/nms.js';
import { closeUp, type Derived, shrunk, turned } from './derived.js';
import { centralFace, Judge, JUDGE_FILE, judged } from './judge.js';
import { centresAgree, type KnownFace, match } from './matching.js';
import { groupPhotos, patterns, photos } from './pictures.js';
import { startProgress } from './progress.js';

const SIZES = [160, 320, 480, 640, 960];
const MIN_SCORE = 0.1;

/** Everything the detector finds in one picture, size by size, and the known faces. */
export interface Observation {
  readonly set: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly known: readonly KnownFace[];
  readonly bySize: Readonly<Record<number, readonly ScoredBox[]>>;
}

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    judge: { type: 'string', default: JUDGE_FILE },
    limit: { type: 'string', default: '400' },
    cache: { type: 'string', default: 'detection-study.json' },
  },
});

const config = loadConfig();
const { folder, models } = loadPack(config);

/** Searches a sample of every set at every size. */
async function observe(limit: number): Promise<Observation[]> {
  const sessions = new SessionManager(config);
  const detector = await Detector.open(sessions, pathsOf(folder, models.detector), models.detector.family);
  const judge = await Judge.open(values.judge);
  if (judge === undefined) throw new Error(`There is no judge: ${values.judge} does not exist.`);
  const decoder = new ImageDecoder(config);
  const decode = async (path: string): Promise<Image> =>
    decoder.decode(await readFile(path), 'image', AbortSignal.timeout(60_000));
  const observations: Observation[] = [];
  const record = async (
    set: string,
    name: string,
    image: Image,
    known: readonly KnownFace[],
  ): Promise<void> => {
    const searches = SIZES.map((size) => ({ image, size, minScore: MIN_SCORE }));
    const found = await detector.search(searches);
    const bySize = Object.fromEntries(SIZES.map((size, index) => [size, found[index]]));
    observations.push({ set, name, width: image.width, height: image.height, known, bySize });
  };
  const inData = (name: string): string => join(values.data, name);
  const certain = (box: KnownFace['box']): KnownFace => ({ box, certain: true });

  const plain = [
    ...(await groupPhotos(inData('detection'))),
    ...patterns(Math.ceil(limit / 2)),
    ...(await photos('lfw', inData('lfw'), { limit, part: 'held out' })),
    ...(await photos('mask', inData('mask'), { limit: Math.ceil(limit / 2), part: 'held out' })),
  ];
  const line = startProgress(process.stderr, 'pictures', plain.length);
  for (const [index, picture] of plain.entries()) {
    const image = await picture.load(decode);
    const known = picture.faces?.map(certain) ?? (await judged(judge, image));
    await record(picture.set, picture.name, image, known);
    const face = picture.set === 'lfw' && index % 5 === 0 ? centralFace(known, image) : undefined;
    if (face !== undefined) {
      for (const [set, derived] of derive({ image, face }, index)) {
        // Other faces of the photo count as correct if the judge finds them, but need not be found.
        const others = (await judge.faces(derived.image)).map(({ box }) => ({ box, certain: false }));
        await record(set, picture.name, derived.image, [certain(derived.face), ...others]);
      }
    }
    line.tick();
  }
  line.done();
  await sessions.onModuleDestroy();
  await judge.close();
  return observations;
}

function derive(photo: Derived, seed: number): [set: string, derived: Derived][] {
  return [
    ...[-90, -60, -45, -30, 30, 45, 60, 90].map((degrees): [string, Derived] => [
      `turned ${Math.abs(degrees)}°`,
      turned(photo, degrees),
    ]),
    ...[0.5, 0.7, 0.9].map((share): [string, Derived] => [`close-up ${share}`, closeUp(photo, share)]),
    ...[12, 16, 20, 24, 32, 48, 64].map((size): [string, Derived] => [
      `${size} px`,
      shrunk(photo, size, seed),
    ]),
  ];
}

if (!existsSync(values.cache)) {
  await writeFile(values.cache, JSON.stringify(await observe(Number(values.limit))));
}
const observations = JSON.parse(await readFile(values.cache, 'utf8')) as Observation[];

/** One way to select faces from the candidates. */
interface Choice {
  readonly sizes: readonly number[];
  readonly score: number;
  readonly containment: number;
}

/** The sizes of the default pack; the other settings are varied with these. */
const USUAL: Choice = { sizes: [160, 320, 640], score: 0.5, containment: 0.6 };

const CHOICES: readonly Choice[] = [
  ...[[320], [320, 640], [160, 320, 480], [160, 320, 640], [160, 320, 640, 960]].map((sizes) => ({
    ...USUAL,
    sizes,
  })),
  ...[0.3, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98].map((score) => ({ ...USUAL, score })),
  ...[0.4, 0.5, 0.7, 0.8, 1].map((containment) => ({ ...USUAL, containment })),
];
const BY_CENTRE = /detection|turned|close-up|px/;
const JUDGE_IOU = 0.4;

const sets = [...new Set(observations.map(({ set }) => set))];
const head = ['sizes', 'score', 'containment', ...sets.map((set) => `${set}: recall, false per picture`)];
process.stdout.write(`${head.join('\t')}\n`);
for (const choice of CHOICES) {
  const cells = sets.map((set) =>
    result(
      observations.filter((one) => one.set === set),
      choice,
    ),
  );
  const line = [choice.sizes.join('+'), choice.score, choice.containment, ...cells];
  process.stdout.write(`${line.join('\t')}\n`);
}

function result(part: readonly Observation[], { sizes, score, containment }: Choice): string {
  let [asked, found, wrong] = [0, 0, 0];
  for (const { set, width, height, known, bySize } of part) {
    const candidates = usefulSizes(sizes, { width, height }).flatMap((size) => bySize[size]);
    const limits = { iou: models.detector.iouThreshold, containment };
    const chosen = select(
      candidates.filter((one) => one.score >= score),
      { width, height },
      limits,
    );
    const verdicts = BY_CENTRE.test(set)
      ? match(chosen, known, 1, centresAgree)
      : match(chosen, known, JUDGE_IOU);
    asked += known.filter(({ certain }) => certain).length;
    found += verdicts.filter(({ verdict }) => verdict === 'face').length;
    wrong += verdicts.filter(({ verdict }) => verdict === 'not').length;
  }
  const recall = asked === 0 ? '' : `${((100 * found) / asked).toFixed(1)} %, `;
  return `${recall}${(wrong / part.length).toFixed(3)}`;
}
