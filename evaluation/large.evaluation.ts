/** Small faces in large pictures: what a standard and a thorough search find in composed scenes, and what they cost. */
import type { SearchKind } from '../src/detection/searcher.js';
import type { ScoredBox } from '../src/vision/nms.js';
import { sample } from './data.js';
import { BOXES_ONLY } from './engine.js';
import { type Evaluation, type EvaluationContext, percent, type Report } from './evaluation.js';
import { Judge } from './judge.js';
import {
  BACKGROUNDS,
  CELL,
  type LargeScene,
  LargeScenes,
  type PlacedFace,
  type SceneOrder,
} from './large-scenes.js';
import { centresAgree, match } from './matching.js';

const SEARCHES = ['standard', 'thorough'] as const satisfies readonly SearchKind[];
const MEGAPIXELS = [4, 12, 24, 40];
const HEIGHTS = [24, 32, 48, 60, 96];
/** Photos whose faces the scenes show; fewer for a sample of the scenes. */
const PORTRAITS = 400;
const PORTRAITS_PER_SCENE = 40;
/** Faces of a scene that is measured by size. */
const SCATTERED = 250;
const CROWDS = [300, 600, 1000];
const CROWD_MEGAPIXELS = 12;
const EMPTY_MEGAPIXELS = [4, 12, 24];

/** What a search found in one scene. */
interface Result {
  readonly kind: string;
  readonly search: SearchKind;
  readonly megapixels: number;
  readonly faces: readonly PlacedFace[];
  /** For each face, whether it was found. */
  readonly isFound: readonly boolean[];
  readonly wrong: number;
  readonly cpuSeconds: number;
}

export const large: Evaluation = {
  name: 'large',
  data: 'lfw',
  title: 'Small faces in large pictures',
  async run(context) {
    const judge = await Judge.open(context.judge);
    if (judge === undefined)
      return { figures: {}, tables: [], plots: [], notes: ['There is no judge: see --judge.'] };
    const limit = Math.min(PORTRAITS, PORTRAITS_PER_SCENE * context.limit);
    const scenes = await LargeScenes.open({ ...context, limit }, judge);
    await judge.close();
    const orders = sample(allOrders(), context.limit);
    const line = context.progress('large scenes', orders.length);
    const results: Result[] = [];
    // One at a time: the CPU time is that of the whole process.
    for (const [kind, order] of orders) {
      const scene = await scenes.compose(order);
      for (const search of SEARCHES) results.push(await measure(context, kind, scene, search));
      line.tick();
    }
    line.done();
    return report(results);
  },
};

function allOrders(): [kind: string, order: SceneOrder][] {
  let seed = 1;
  const scattered = MEGAPIXELS.flatMap((megapixels) =>
    BACKGROUNDS.map((background): [string, SceneOrder] => [
      'scattered',
      { megapixels, background, faces: SCATTERED, heights: HEIGHTS, seed: seed++ },
    ]),
  );
  const crowds = CROWDS.map((faces): [string, SceneOrder] => [
    `crowd of ${faces}`,
    {
      megapixels: CROWD_MEGAPIXELS,
      background: 'photos',
      faces,
      heights: HEIGHTS.filter((height) => CELL * height <= 0.9 * Math.sqrt((CROWD_MEGAPIXELS * 1e6) / faces)),
      seed: seed++,
    },
  ]);
  const empty = EMPTY_MEGAPIXELS.flatMap((megapixels) =>
    BACKGROUNDS.map((background): [string, SceneOrder] => [
      `no faces, ${background}`,
      { megapixels, background, faces: 0, heights: HEIGHTS, seed: seed++ },
    ]),
  );
  return [...scattered, ...crowds, ...empty];
}

async function measure(
  { engine }: EvaluationContext,
  kind: string,
  { jpeg, megapixels, faces }: LargeScene,
  search: SearchKind,
): Promise<Result> {
  const image = await engine.decode(jpeg);
  const before = process.cpuUsage();
  const answer = await engine.analyze(image, { ...BOXES_ONLY, search });
  const { user, system } = process.cpuUsage(before);
  const found = answer.map(({ box, confidence }): ScoredBox => ({ box, score: confidence }));
  const verdicts = match(
    found,
    faces.map(({ box }) => ({ box, certain: true })),
    1,
    centresAgree,
  );
  const seen = new Set(verdicts.map(({ known }) => known));
  return {
    kind,
    search,
    megapixels,
    faces,
    isFound: faces.map((_, index) => seen.has(index)),
    wrong: verdicts.filter(({ verdict }) => verdict === 'not').length,
    cpuSeconds: (user + system) / 1e6,
  };
}

function report(results: readonly Result[]): Report {
  const scattered = results.filter(({ kind }) => kind === 'scattered');
  const kinds = [...new Set(results.map(({ kind }) => kind))];
  const by = (search: SearchKind, some = results): Result[] => some.filter((one) => one.search === search);
  const sizes = HEIGHTS.map((height) => ({
    height,
    recalls: SEARCHES.map((search) => recall(by(search, scattered), height)),
  }));
  const figures: Record<string, number> = {};
  for (const [at, search] of SEARCHES.entries()) {
    for (const { height, recalls } of sizes) figures[`${search}Recall${height}`] = recalls[at];
    const crowds = results.filter(({ kind }) => kind.startsWith('crowd'));
    figures[`${search}CrowdRecall`] = recall(by(search, crowds));
    const empty = by(search).filter(({ faces }) => faces.length === 0);
    figures[`${search}FalsePerMegapixel`] = perMegapixel(empty, ({ wrong }) => wrong);
    figures[`${search}CpuSecondsPerMegapixel`] = perMegapixel(empty, ({ cpuSeconds }) => cpuSeconds);
  }
  return {
    figures,
    tables: [
      {
        title: 'Faces found, by height in pixels: standard, thorough',
        head: ['picture', ...HEIGHTS.map(String)],
        rows: MEGAPIXELS.map((megapixels) => [
          `${megapixels} megapixels`,
          ...HEIGHTS.map((height) =>
            SEARCHES.map((search) => {
              const some = by(search, scattered).filter((one) => Math.round(one.megapixels) === megapixels);
              return percent(recall(some, height), 1);
            }).join(', '),
          ),
        ]),
      },
      {
        title: 'Each kind of scene: standard, thorough',
        head: [
          'scenes',
          'megapixels',
          'faces',
          'found',
          'false boxes',
          'false per megapixel',
          'CPU seconds per megapixel',
        ],
        rows: kinds.map((kind) => {
          const some = results.filter((one) => one.kind === kind);
          const both = (value: (of: readonly Result[]) => string): string =>
            SEARCHES.map((search) => value(by(search, some))).join(', ');
          const [first] = SEARCHES;
          const asked = sum(by(first, some), ({ faces }) => faces.length);
          return [
            kind,
            sum(by(first, some), ({ megapixels }) => megapixels).toFixed(0),
            String(asked),
            asked === 0 ? '' : both((of) => percent(recall(of), 1)),
            both((of) => String(sum(of, ({ wrong }) => wrong))),
            both((of) => perMegapixel(of, ({ wrong }) => wrong).toFixed(3)),
            both((of) => perMegapixel(of, ({ cpuSeconds }) => cpuSeconds).toFixed(3)),
          ];
        }),
      },
    ],
    plots: [],
    notes: [
      'The faces are those of held-out LFW photos with their surroundings, shrunk and scattered over patterns or over strips of photos without a face, saved as JPEG. Found means that the centres agree. CPU time is that of the search for boxes alone, without decoding; that of a picture with faces includes rescoring.',
    ],
  };
}

function recall(results: readonly Result[], height?: number): number {
  const hits = results.flatMap(({ faces, isFound }) =>
    isFound.filter((_, index) => height === undefined || faces[index].height === height),
  );
  return hits.filter(Boolean).length / Math.max(1, hits.length);
}

function perMegapixel(results: readonly Result[], value: (one: Result) => number): number {
  return (
    sum(results, value) /
    Math.max(
      1,
      sum(results, ({ megapixels }) => megapixels),
    )
  );
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
