/** Gender, age and race of the held-out face chips of UTKFace, by group. */
import { join } from 'node:path';
import { AGE_BRACKETS, bracketIndex } from '../src/attributes/age.js';
import type { Attributes } from '../src/attributes/attributes.service.js';
import { calibrationError, reliability } from './calibration.js';
import { readCsv, type Row, sample } from './data.js';
import { type Evaluation, type EvaluationContext, percent, type Plot } from './evaluation.js';
import { chip, chipFace } from './labelled-faces.js';
import { confusionMatrix, mean, type Scored } from './metrics.js';
import { plotCurves, plotMatrix } from '../tools/plot.js';
import type { Table } from '../tools/table.js';
import { isHeldOut } from './split.js';

const WANTED = { landmarks: false, embedding: false, attributes: ['gender', 'age', 'race'] } as const;

/** The API's label of each group of the data; people of India are the API's `Asian`. */
const RACES: Readonly<Record<string, string>> = {
  White: 'White',
  Black: 'Black',
  Asian: 'Asian',
  Indian: 'Asian',
  Other: 'none of these',
};
const RACE_NAMES = [...new Set(Object.values(RACES))];

/** A chip's labels and the service's answers. */
interface Judged {
  readonly row: Row;
  readonly gender: string;
  readonly genderConfidence: number;
  readonly age: number;
  readonly years: number;
  readonly bracketConfidence: number;
  readonly race: string;
  readonly raceConfidence: number;
}

export const attributes: Evaluation = {
  name: 'attributes',
  title: 'Gender, age and race',
  async run(context) {
    const all = await readCsv(join(context.folder, 'labels.csv'));
    const rows = sample(
      all.filter(({ image }) => context.trainedOn || isHeldOut(image)),
      context.limit,
    );
    const faces = await describeAll(context, rows);
    const found = faces.flatMap(({ row, attributes }) => judged(row, attributes));
    const notFound = rows.length - found.length;
    return {
      figures: { ...figuresOf(found), facesNotFound: notFound, chips: rows.length },
      tables: [overall(found, notFound), byGroup(found), byBracket(found)],
      plots: plots(found),
      notes: [
        `${context.trainedOn ? 'All chips, those trained on included' : 'Chips held out from training (a fifth, by a hash of the file name)'}; each is padded by mirroring. The figures count the chips in which a face was found.`,
        'The API’s Asian covers Asian and Indian in the data. Other in the data covers Latino/Hispanic, Middle Eastern and more; it counts as correct when the service answers `null`.',
        'UTKFace’s labels were estimated by a model and checked by people, so part of each error comes from the labels.',
      ],
    };
  },
};

async function describeAll(
  { engine, folder, progress }: EvaluationContext,
  rows: readonly Row[],
): Promise<{ row: Row; attributes: Attributes | undefined }[]> {
  const line = progress('face chips', rows.length);
  const described = await engine.map(
    rows,
    async (row) => {
      const image = await chip(engine, folder, row['image']);
      const { width, height } = image;
      const face = chipFace(await engine.analyze(image, WANTED), { width, height });
      return { row, attributes: face?.attributes };
    },
    () => line.tick(),
  );
  line.done();
  return described;
}

/** One item, or none where no face was found. */
function judged(row: Row, told: Attributes | undefined): Judged[] {
  if (told === undefined) return [];
  const { gender, age, race } = told;
  if (gender == null || age == null || race == null)
    throw new Error('The pack tells no gender, age or race.');
  return [
    {
      row,
      gender: gender.label,
      genderConfidence: gender.confidence,
      age: Number(row['age']),
      years: Math.round(age.years ?? NaN),
      bracketConfidence: age.confidence ?? NaN,
      race: race.label ?? 'none of these',
      raceConfidence: race.confidence,
    },
  ];
}

const genderIsRight = ({ row, gender }: Judged): boolean => gender === row['gender'];
const raceIsRight = ({ row, race }: Judged): boolean => race === RACES[row['race']];
const ageError = ({ years, age }: Judged): number => Math.abs(years - age);
const bracketsOff = ({ years, age }: Judged): number => Math.abs(bracketIndex(years) - bracketIndex(age));

function share(items: readonly Judged[], isSo: (item: Judged) => boolean): number {
  return items.filter(isSo).length / Math.max(1, items.length);
}

function figuresOf(items: readonly Judged[]): Record<string, number> {
  return {
    genderAccuracy: share(items, genderIsRight),
    genderCalibrationError: calibrationError(genderScores(items)),
    raceAccuracy: share(items, raceIsRight),
    raceCalibrationError: calibrationError(raceScores(items)),
    ageError: mean(items.map(ageError)),
    bracketExact: share(items, (item) => bracketsOff(item) === 0),
    bracketWithinOne: share(items, (item) => bracketsOff(item) <= 1),
    bracketCalibrationError: calibrationError(bracketScores(items)),
  };
}

const genderScores = (items: readonly Judged[]): Scored[] =>
  items.map((item) => ({ score: item.genderConfidence, positive: genderIsRight(item) }));
const raceScores = (items: readonly Judged[]): Scored[] =>
  items.map((item) => ({ score: item.raceConfidence, positive: raceIsRight(item) }));
const bracketScores = (items: readonly Judged[]): Scored[] =>
  items.map((item) => ({ score: item.bracketConfidence, positive: bracketsOff(item) === 0 }));

function overall(items: readonly Judged[], notFound: number): Table {
  const figures = figuresOf(items);
  return {
    title: `${items.length} faces (${notFound} more chips without a found face)`,
    head: ['figure', 'value', 'calibration error'],
    rows: [
      ['gender', percent(figures['genderAccuracy']), percent(figures['genderCalibrationError'])],
      ['race, 4 groups', percent(figures['raceAccuracy']), percent(figures['raceCalibrationError'])],
      ['age bracket exact', percent(figures['bracketExact']), percent(figures['bracketCalibrationError'])],
      ['age bracket within one', percent(figures['bracketWithinOne']), ''],
      ['age, mean absolute error', `${figures['ageError'].toFixed(2)} years`, ''],
    ],
  };
}

/** The errors by group of people. */
function byGroup(items: readonly Judged[]): Table {
  const groups = ['White', 'Black', 'Asian', 'Indian', 'Other'].flatMap((race) =>
    ['Female', 'Male'].map((gender) => ({
      name: `${race}, ${gender}`,
      members: items.filter(({ row }) => row['race'] === race && row['gender'] === gender),
    })),
  );
  return {
    title: 'By group',
    head: ['group', 'faces', 'gender correct', 'race correct', 'age error', 'bracket within one'],
    rows: groups.map(({ name, members }) => groupRow(name, members)),
  };
}

function byBracket(items: readonly Judged[]): Table {
  return {
    title: 'By age',
    head: ['age', 'faces', 'gender correct', 'race correct', 'age error', 'bracket within one'],
    rows: AGE_BRACKETS.map((name, index) =>
      groupRow(
        name,
        items.filter(({ age }) => bracketIndex(age) === index),
      ),
    ),
  };
}

function groupRow(name: string, members: readonly Judged[]): string[] {
  return [
    name,
    String(members.length),
    percent(share(members, genderIsRight), 1),
    percent(share(members, raceIsRight), 1),
    `${mean(members.map(ageError)).toFixed(1)} years`,
    percent(
      share(members, (item) => bracketsOff(item) <= 1),
      1,
    ),
  ];
}

function plots(items: readonly Judged[]): Plot[] {
  const matrix = (
    name: string,
    title: string,
    classes: readonly string[],
    pairs: readonly [string, string][],
  ): Plot => ({
    name,
    title,
    svg: plotMatrix(
      title,
      classes,
      confusionMatrix(
        classes,
        pairs.map(([actual, predicted]) => ({ actual, predicted })),
      ),
    ),
  });
  const shortNames = AGE_BRACKETS.map((name) => name.replace(' years old', '').replace('more than ', '≥ '));
  const bracketOf = (years: number): string => shortNames[bracketIndex(years)];
  const probability = { label: 'confidence', from: 0, to: 1 };
  const bins = (scores: readonly Scored[]): (readonly [number, number])[] =>
    reliability(scores).map(({ predicted, observed }) => [predicted, observed]);
  return [
    matrix(
      'attributes-gender',
      'Gender',
      ['Female', 'Male'],
      items.map(({ row, gender }) => [row['gender'], gender]),
    ),
    matrix(
      'attributes-race',
      'Race',
      RACE_NAMES,
      items.map(({ row, race }) => [RACES[row['race']], race]),
    ),
    matrix(
      'attributes-age',
      'Age bracket',
      shortNames,
      items.map(({ age, years }) => [bracketOf(age), bracketOf(years)]),
    ),
    {
      name: 'attributes-reliability',
      title: 'Reliability of the confidences',
      svg: plotCurves(
        'Reliability of the confidences',
        probability,
        { label: 'share that is correct', from: 0, to: 1 },
        [
          {
            label: 'perfect',
            points: [
              [0, 0],
              [1, 1],
            ],
            style: 'dashes',
          },
          { label: 'gender', points: bins(genderScores(items)), style: 'dots' },
          { label: 'race', points: bins(raceScores(items)), style: 'dots' },
          { label: 'age bracket', points: bins(bracketScores(items)), style: 'dots' },
        ],
      ),
    },
  ];
}
