/** The report on gender, age and race over one set of labelled faces: figures, tables by group, plots. */
import { AGE_BRACKETS, type Age } from '../src/attributes/age.js';
import type { Labelled } from '../src/attributes/labels.js';
import { plotCurves, plotMatrix } from '../tools/plot.js';
import type { Table } from '../tools/table.js';
import { calibrationError, reliability } from './calibration.js';
import type { DemographicSet, LabelledFace } from './demographic-faces.js';
import { percent, type Plot, type Report } from './evaluation.js';
import { confusionMatrix, mean, type Scored } from './metrics.js';

/** A face and the service's answers. */
export interface Told {
  readonly face: LabelledFace;
  readonly gender: Labelled<string>;
  readonly age: Age;
  readonly race: Labelled<string | null>;
}

/** Groups smaller than this are shown, but do not count as the worst of a set. */
const SMALLEST_GROUP = 20;

/** One group of a set. */
interface Group {
  readonly name: string;
  readonly members: readonly Told[];
}

const genderIsRight = ({ face, gender }: Told): boolean => gender.label === face.gender;
const raceIsRight = ({ face, race }: Told): boolean => face.rightRaces.includes(race.label);
const bracketOf = ({ age }: Told): number => AGE_BRACKETS.indexOf(age.bracket);
const bracketsOff = (told: Told): number => Math.abs(bracketOf(told) - told.face.bracket);
const isExact = (told: Told): boolean => bracketsOff(told) === 0;
const isWithinOne = (told: Told): boolean => bracketsOff(told) <= 1;
const share = (all: readonly Told[], isSo: (told: Told) => boolean): number =>
  all.filter(isSo).length / Math.max(1, all.length);
/** NaN where the set tells no years. */
const ageError = (all: readonly Told[]): number =>
  mean(all.map(({ face, age }) => Math.abs(Math.round(age.years ?? NaN) - (face.age ?? NaN))));

/**
 * @param notFound how many more pictures there are in which no face was found
 * @param prefix of the names of figures and plots
 */
export function demographicReport(
  set: DemographicSet,
  all: readonly Told[],
  notFound: number,
  prefix: string,
): Report {
  const figures = figuresOf(set, all);
  return {
    figures: {
      ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${prefix}.${name}`, value])),
      [`${prefix}.faces`]: all.length,
      [`${prefix}.facesNotFound`]: notFound,
    },
    tables: [
      overall(set, all, notFound, figures),
      table(`${set.title}: by race and gender`, cells(set, all)),
      table(`${set.title}: by age`, ages(all)),
    ],
    plots: plots(set, all, prefix),
    notes: [set.note],
  };
}

function figuresOf(set: DemographicSet, all: readonly Told[]): Record<string, number> {
  const years = ageError(all);
  return {
    genderAccuracy: share(all, genderIsRight),
    worstGenderAccuracy: Math.min(
      ...cells(set, all)
        .filter(({ members }) => members.length >= SMALLEST_GROUP)
        .map(({ members }) => share(members, genderIsRight)),
    ),
    raceAccuracy: share(all, raceIsRight),
    meanRaceAccuracy: mean(raceGroups(all).map(({ members }) => share(members, raceIsRight))),
    bracketExact: share(all, isExact),
    bracketWithinOne: share(all, isWithinOne),
    genderCalibrationError: calibrationError(genderScores(all)),
    raceCalibrationError: calibrationError(raceScores(all)),
    bracketCalibrationError: calibrationError(bracketScores(all)),
    ...(Number.isNaN(years) ? {} : { ageError: years }),
  };
}

const scores = (
  all: readonly Told[],
  score: (told: Told) => number,
  isRight: (told: Told) => boolean,
): Scored[] => all.map((told) => ({ score: score(told), positive: isRight(told) }));
const genderScores = (all: readonly Told[]) => scores(all, ({ gender }) => gender.confidence, genderIsRight);
const raceScores = (all: readonly Told[]) => scores(all, ({ race }) => race.confidence, raceIsRight);
const bracketScores = (all: readonly Told[]) => scores(all, ({ age }) => age.confidence ?? NaN, isExact);

function overall(
  { title }: DemographicSet,
  all: readonly Told[],
  notFound: number,
  figures: Readonly<Record<string, number>>,
): Table {
  const row = (name: string, accuracy: string, calibration?: string): string[] => [
    name,
    percent(figures[accuracy]),
    calibration === undefined ? '' : percent(figures[calibration]),
  ];
  return {
    title: `${title}: ${all.length} faces (none found in ${notFound} more pictures)`,
    head: ['figure', 'value', 'calibration error'],
    rows: [
      row('gender', 'genderAccuracy', 'genderCalibrationError'),
      row('gender, in the race and gender with the most errors', 'worstGenderAccuracy'),
      row('race', 'raceAccuracy', 'raceCalibrationError'),
      row('race, mean over the races', 'meanRaceAccuracy'),
      row('age bracket, exact', 'bracketExact', 'bracketCalibrationError'),
      row('age bracket, within one', 'bracketWithinOne'),
      ...('ageError' in figures
        ? [['age, mean absolute error', `${figures['ageError'].toFixed(2)} years`, '']]
        : []),
    ],
  };
}

/** The faces of each race that the API tells apart; those of one answer together. */
function raceGroups(all: readonly Told[]): Group[] {
  const names = [...new Set(all.map(({ face }) => raceName(face.rightRaces)))];
  return names.map((name) => ({
    name,
    members: all.filter(({ face }) => raceName(face.rightRaces) === name),
  }));
}

/** The API's word for a label, where it is one. */
function raceName(right: readonly (string | null)[]): string {
  return right.length === 1 ? String(right[0]) : 'other';
}

function cells({ races }: DemographicSet, all: readonly Told[]): Group[] {
  return races.flatMap((race) =>
    ['Female', 'Male'].map((gender) => ({
      name: `${race.replace('_', '/')}, ${gender}`,
      members: all.filter(({ face }) => face.race === race && face.gender === gender),
    })),
  );
}

function ages(all: readonly Told[]): Group[] {
  return AGE_BRACKETS.map((name, index) => ({
    name,
    members: all.filter(({ face }) => face.bracket === index),
  }));
}

function table(title: string, groups: readonly Group[]): Table {
  const hasYears = groups.some(({ members }) => members.some(({ face }) => face.age !== undefined));
  return {
    title,
    head: [
      'group',
      'faces',
      'gender right',
      'race right',
      'bracket exact',
      'within one',
      ...(hasYears ? ['age error'] : []),
    ],
    rows: groups.map(({ name, members }) => [
      name,
      String(members.length),
      ...[genderIsRight, raceIsRight, isExact, isWithinOne].map((isSo) => percent(share(members, isSo), 1)),
      ...(hasYears ? [`${ageError(members).toFixed(1)} years`] : []),
    ]),
  };
}

function plots({ title }: DemographicSet, all: readonly Told[], prefix: string): Plot[] {
  const matrix = (
    what: string,
    name: string,
    classes: readonly string[],
    pairs: readonly [string, string][],
  ): Plot => ({
    name: `attributes-${prefix}-${name}`,
    title: `${what}, ${title}`,
    svg: plotMatrix(
      what,
      classes,
      confusionMatrix(
        classes,
        pairs.map(([actual, predicted]) => ({ actual, predicted })),
      ),
    ),
  });
  const brackets = AGE_BRACKETS.map((name) => name.replace(' years old', '').replace('more than ', '≥ '));
  const races = [
    ...new Set(all.flatMap(({ face, race }) => [raceName(face.rightRaces), race.label ?? 'other'])),
  ].sort();
  const bins = (some: readonly Scored[]): (readonly [number, number])[] =>
    reliability(some).map(({ predicted, observed }) => [predicted, observed]);
  return [
    matrix(
      'Gender',
      'gender',
      ['Female', 'Male'],
      all.map(({ face, gender }) => [face.gender, gender.label]),
    ),
    matrix(
      'Race',
      'race',
      races,
      all.map(({ face, race }) => [raceName(face.rightRaces), race.label ?? 'other']),
    ),
    matrix(
      'Age bracket',
      'age',
      brackets,
      all.map((told) => [brackets[told.face.bracket], brackets[bracketOf(told)]]),
    ),
    {
      name: `attributes-${prefix}-reliability`,
      title: `Reliability of the confidences, ${title}`,
      svg: plotCurves(
        'Reliability of the confidences',
        { label: 'confidence', from: 0, to: 1 },
        { label: 'share that is right', from: 0, to: 1 },
        [
          {
            label: 'perfect',
            points: [
              [0, 0],
              [1, 1],
            ],
            style: 'dashes',
          },
          { label: 'gender', points: bins(genderScores(all)), style: 'dots' },
          { label: 'race', points: bins(raceScores(all)), style: 'dots' },
          { label: 'age bracket', points: bins(bracketScores(all)), style: 'dots' },
        ],
      ),
    },
  ];
}
