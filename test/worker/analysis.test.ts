/** What a worker runs: each model only for the pictures that need it, and for all of those together. */
import type { INestApplicationContext } from '@nestjs/common';
import sharp from 'sharp';
import { Config } from '../../src/config/config.js';
import type { AnalysedFace, AnalysisJob, AnalysisOptions } from '../../src/worker/protocol.js';
import { AnalysisService } from '../../src/worker/analysis.service.js';
import type { Rescoring } from '../../src/packs/detector-model.js';
import { Pack } from '../../src/packs/pack.js';
import { SessionManager } from '../../src/sessions/session-manager.service.js';
import type { Box } from '../../src/vision/box.js';
import type { Image } from '../../src/vision/image.js';
import { countedWorker } from '../support/counted-worker.js';
import { blank, sample } from '../fixtures/pictures.js';

const NOTHING: AnalysisOptions = { landmarks: false, embedding: false, attributes: [] };
const EVERYTHING: AnalysisOptions = {
  landmarks: true,
  embedding: true,
  attributes: ['pose', 'quality', 'liveness', 'gender', 'age', 'race', 'mask'],
};

/** Above any score. */
const SURE_OF_NONE = 2;
/** The lowest detector score of a face here, where rescoring is off. */
const SURE = 0.99;

/** Each run of a model: its name and how many items. */
let runs: [model: string, items: number][] = [];
let context: INestApplicationContext;
let analysis: AnalysisService;
let three: Image;
let four: Image;
let none: Image;
let rescoring: Rescoring | undefined;

beforeAll(async () => {
  context = await countedWorker(new Config(), (model, [items]) => runs.push([model, items]));
  analysis = context.get(AnalysisService);
  // Rescoring is tested separately: here only the runs for what is asked for count.
  rescoring = takeRescoring(context.get(Pack));
  [three, four, none] = await Promise.all([sample(3), sample(4), await blank()].map(decode));
});
afterAll(() => context.close());
beforeEach(() => (runs = []));

/** Removes the pack's rescoring and returns it; without it, the detector's score has to be higher. */
function takeRescoring({ models }: Pack): Rescoring | undefined {
  const { rescoring: rule } = models.detector;
  models.detector.rescoring = undefined;
  models.detector.scoreThreshold = SURE;
  return rule;
}

async function decode(bytes: Buffer): Promise<Image> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: Uint8Array.from(data) };
}

/** How many items each run of a model had. */
function itemsOf(name: string): number[] {
  return runs.filter(([model]) => model === name).map(([, items]) => items);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The models that ran, each once. */
async function modelsFor(options: AnalysisOptions): Promise<string[]> {
  await analysis.analyze([{ image: three, options }]);
  return [...new Set(runs.map(([model]) => model))].toSorted();
}

test.each<[string, Partial<AnalysisOptions>, string[]]>([
  ['boxes', {}, ['detector']],
  ['landmarks', { landmarks: true }, ['detector', 'landmarks', 'orientation']],
  ['embedding', { embedding: true }, ['detector', 'landmarks', 'orientation', 'recognition']],
  ['pose', { attributes: ['pose'] }, ['detector', 'landmarks', 'orientation', 'quick-pose', 'recognition']],
  ['quality', { attributes: ['quality'] }, ['detector', 'landmarks', 'orientation', 'recognition']],
  ['liveness', { attributes: ['liveness'] }, ['detector', 'landmarks', 'liveness', 'orientation']],
  ['gender', { attributes: ['gender'] }, ['demographics', 'detector', 'landmarks', 'orientation']],
  ['age', { attributes: ['age'] }, ['demographics', 'detector', 'landmarks', 'orientation']],
  ['race', { attributes: ['race'] }, ['demographics', 'detector', 'landmarks', 'orientation']],
  ['mask', { attributes: ['mask'] }, ['appearance', 'detector', 'landmarks', 'orientation', 'recognition']],
  [
    'everything',
    EVERYTHING,
    [
      'appearance',
      'demographics',
      'detector',
      'landmarks',
      'liveness',
      'orientation',
      'quick-pose',
      'recognition',
    ],
  ],
])('%s: runs what it needs and nothing else', async (_, asked, models) => {
  expect(await modelsFor({ ...NOTHING, ...asked })).toEqual(models);
});

test('runs only the detector for a picture without faces', async () => {
  const { faces } = await analysis.analyze([{ image: none, options: EVERYTHING }]);
  expect(faces).toEqual([[]]);
  expect(new Set(runs.map(([model]) => model))).toEqual(new Set(['detector']));
});

test('runs each model on the faces of a batch together', async () => {
  await analysis.analyze([three, four, none].map((image): AnalysisJob => ({ image, options: EVERYTHING })));
  // In runs of two.
  const seven = [2, 2, 2, 1];
  for (const model of [
    'landmarks',
    'orientation',
    'recognition',
    'appearance',
    'demographics',
    'quick-pose',
    'liveness',
  ])
    expect([model, itemsOf(model)]).toEqual([model, seven]);
  // Two heads are turned too far for the quick pose.
  expect(itemsOf('pose')).toEqual([2]);
});

test('runs a model only on the pictures of a batch that need it', async () => {
  const { faces } = await analysis.analyze([
    { image: three, options: { ...NOTHING, attributes: ['gender'] } },
    { image: four, options: { ...NOTHING, attributes: ['pose'] } },
  ]);
  expect(itemsOf('demographics')).toEqual([2, 1]);
  expect(itemsOf('quick-pose')).toEqual([2, 2]);
  expect(faces[0].every(({ attributes: { gender, pose } }) => gender != null && pose === undefined)).toBe(
    true,
  );
  expect(faces[1].every(({ attributes: { gender, pose } }) => gender === undefined && pose != null)).toBe(
    true,
  );
});

test('gives the same answers for a batch as for its pictures alone', async () => {
  const jobs = [four, three].map((image): AnalysisJob => ({ image, options: EVERYTHING }));
  const together = await analysis.analyze(jobs);
  for (const [index, job] of jobs.entries()) {
    const alone = await analysis.analyze([job]);
    expect(together.faces[index].map(({ box }) => box)).toEqual(alone.faces[0].map(({ box }) => box));
    for (const [face, { embedding }] of together.faces[index].entries()) {
      const other = alone.faces[0][face].embedding ?? new Float32Array();
      expect(embedding?.reduce((sum, value, i) => sum + value * other[i], 0)).toBeCloseTo(1, 4);
    }
  }
});

test('spreads more faces than one run holds over several runs', async () => {
  const jobs = Array.from({ length: 6 }, (): AnalysisJob => ({
    image: three,
    options: { ...NOTHING, landmarks: true },
  }));
  const { faces } = await analysis.analyze(jobs);
  expect(faces.map((some) => some.length)).toEqual([3, 3, 3, 3, 3, 3]);
  expect(itemsOf('landmarks')).toEqual(Array.from({ length: 9 }, () => 2));
});

test('runs no further model for a stopped job', async () => {
  const sessions = context.get(SessionManager);
  sessions.stopWhen(() => runs.some(([model]) => model === 'landmarks'));
  try {
    await expect(analysis.analyze([{ image: three, options: EVERYTHING }])).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    expect(runs.map(([model]) => model).filter((model) => model !== 'detector')).toEqual(['landmarks']);
  } finally {
    sessions.stopWhen(() => false);
  }
});

describe('a thorough search', () => {
  const large: Image = { width: 2400, height: 1600, data: new Uint8Array(2400 * 1600 * 3) };
  const thorough: AnalysisOptions = { ...NOTHING, search: 'thorough' };

  test('runs a few tiles at a time', async () => {
    await analysis.analyze([{ image: large, options: NOTHING }]);
    const whole = itemsOf('detector').length;
    runs = [];
    await analysis.analyze([{ image: large, options: thorough }]);
    const items = itemsOf('detector');
    expect(items.length).toBeGreaterThan(whole + 5);
    expect(Math.max(...items)).toBeLessThanOrEqual(2);
  });

  test('looks only as closely as the smallest face that is asked for needs', async () => {
    const detectorRuns = async (minFaceSize: number): Promise<number> => {
      runs = [];
      await analysis.analyze([{ image: large, options: { ...thorough, minFaceSize } }]);
      return itemsOf('detector').length;
    };
    const [all, coarse] = [await detectorRuns(0), await detectorRuns(150)];
    expect(coarse).toBeLessThan(all / 2);
  });

  test('ends when nobody waits any more; the other pictures of the batch are answered', async () => {
    // Both pictures are searched whole in fewer runs than that.
    const last = 8;
    const job: AnalysisJob = {
      image: large,
      options: thorough,
      get abandoned() {
        return Int32Array.of(runs.length >= last ? 1 : 0);
      },
    };
    const { faces } = await analysis.analyze([job, { image: three, options: NOTHING }]);
    expect(faces.map(({ length }) => length)).toEqual([0, 3]);
    expect(itemsOf('detector')).toHaveLength(last);
  });
});

describe('rescoring', () => {
  let last: readonly AnalysedFace[] = [];

  /** Detects with a rule that differs from the pack's. */
  async function withRule(rule: Partial<Rescoring>, options: AnalysisOptions): Promise<number[]> {
    if (rescoring === undefined) throw new Error('The default pack has no rescoring.');
    const { detector } = context.get(Pack).models;
    detector.rescoring = { ...rescoring, ...rule };
    try {
      const { faces } = await analysis.analyze([{ image: three, options }]);
      last = faces[0];
      return last.map(({ confidence }) => confidence);
    } finally {
      detector.rescoring = undefined;
    }
  }

  test('runs on the uncertain candidates together, and keeps the faces', async () => {
    const confidences = await withRule({ certainScore: SURE_OF_NONE }, NOTHING);
    expect(confidences).toHaveLength(3);
    const opinions = itemsOf('appearance');
    expect(sum(opinions)).toBeGreaterThanOrEqual(3);
    expect(opinions.slice(0, -1).every((items) => items === 2)).toBe(true);
  });

  test('does not run where the detector is certain', async () => {
    await withRule({ certainScore: 0, minScore: 0.5 }, NOTHING);
    expect(new Set(runs.map(([model]) => model))).toEqual(new Set(['detector']));
  });

  test('removes candidates that it does not take for faces', async () => {
    expect(await withRule({ certainScore: SURE_OF_NONE, bias: -50 }, NOTHING)).toEqual([]);
  });

  test('happens before the largest face is chosen', async () => {
    expect(await withRule({ certainScore: SURE_OF_NONE, bias: -50 }, { ...NOTHING, maxFaces: 1 })).toEqual(
      [],
    );
    expect(await withRule({ certainScore: SURE_OF_NONE }, { ...NOTHING, maxFaces: 1 })).toHaveLength(1);
  });

  describe('where scales must agree', () => {
    const scaleAgreement = {
      minScoreAlone: SURE_OF_NONE,
      minSupportScore: 0.3,
      minClearPixels: 1,
      maxClearPixels: 10_000,
    };
    const certainScore = SURE_OF_NONE;
    /** Above any score, so that no scale supports another. */
    const blind = { ...scaleAgreement, minSupportScore: SURE_OF_NONE };
    const searches = (): number => itemsOf('detector').length;

    test('runs on candidates that another scale supports', async () => {
      expect(await withRule({ certainScore, scaleAgreement }, NOTHING)).toHaveLength(3);
    });

    test('does not run on candidates that another scale contradicts', async () => {
      expect(await withRule({ certainScore, scaleAgreement: blind }, NOTHING)).toEqual([]);
      expect(new Set(runs.map(([model]) => model))).toEqual(new Set(['detector']));
    });

    test('runs on them if the caller asks for less confidence than the default', async () => {
      const options = { ...NOTHING, minConfidence: 0.1 };
      const confidences = await withRule({ certainScore, scaleAgreement: blind }, options);
      expect(confidences.length).toBeGreaterThanOrEqual(3);
    });

    test('runs on them where no other scale shows them clearly', async () => {
      const never = { ...blind, minClearPixels: 10_000 };
      expect(await withRule({ certainScore, scaleAgreement: never }, NOTHING)).toHaveLength(3);
    });

    test('the boxes of faces do not depend on what else is asked for', async () => {
      const boxes = async (options: Partial<AnalysisOptions>): Promise<Box[]> => {
        await withRule({}, { ...NOTHING, ...options });
        return last.map(({ box }) => box);
      };
      const all = await boxes({});
      expect(await boxes({ maxFaces: 1 })).toEqual(all.slice(0, 1));
      expect(await boxes({ minConfidence: 0.1 })).toEqual(expect.arrayContaining(all));
    });

    test('the sizes between the smallest and the largest are searched only in doubt', async () => {
      const certain = {
        certainScore: 0.5,
        scaleAgreement: { ...scaleAgreement, minScoreAlone: 0, minSupportScore: 0.5 },
      };
      expect(await withRule({ ...certain, minScore: 0.5 }, NOTHING)).toHaveLength(3);
      expect(searches()).toBe(2);
      runs = [];
      expect(await withRule({ certainScore, scaleAgreement }, NOTHING)).toHaveLength(3);
      expect(searches()).toBe(3);
    });
  });

  test('does not run the trunk twice', async () => {
    await withRule({ certainScore: SURE_OF_NONE, minScore: 0.9 }, { ...NOTHING, embedding: true });
    expect(sum(itemsOf('recognition'))).toBe(sum(itemsOf('appearance')));
  });
});
