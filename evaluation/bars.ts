/**
 * The bars: figures below which an evaluation fails. They lie a little below what was measured on the whole sets and on
 * the samples of continuous integration, so that noise of one or two items passes and a loss does not.
 */

/** The lowest or highest value of a figure. */
interface Bar {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Bars by evaluation and figure. */
const BARS: Readonly<Record<string, Readonly<Record<string, Bar>>>> = {
  detection: {
    averagePrecision: { atLeast: 0.9 },
    lfwCentralRecall: { atLeast: 0.97 },
    lfwFalsePerPicture: { atMost: 0.04 },
    falsePerPicture: { atMost: 0.045 },
    maskRecall: { atLeast: 0.85 },
    recallTurned90: { atLeast: 0.92 },
    recallHeight16: { atLeast: 0.9 },
    recallHeight12: { atLeast: 0.7 },
    patternsFalsePerPicture: { atMost: 0.02 },
  },
  lfw: {
    accuracy: { atLeast: 0.99 },
  },
  attributes: {
    'fairface.genderAccuracy': { atLeast: 0.87 },
    'fairface.raceAccuracy': { atLeast: 0.66 },
    'fairface.bracketExact': { atLeast: 0.49 },
    'fairface.bracketWithinOne': { atLeast: 0.92 },
    'utkface.genderAccuracy': { atLeast: 0.9 },
    'utkface.ageError': { atMost: 6 },
  },
  mask: {
    accuracy: { atLeast: 0.98 },
    areaUnderRoc: { atLeast: 0.998 },
  },
  pose: {
    yawError: { atMost: 4 },
    pitchError: { atMost: 7 },
    rollError: { atMost: 6 },
  },
  turned: {
    matchesTurned: { atLeast: 0.9 },
    matchesLying: { atLeast: 0.9 },
    rollErrorTurned: { atMost: 6 },
  },
  liveness: {
    labelledRight: { atLeast: 3 },
    apcer: { atMost: 0.06 },
    bpcer: { atMost: 0.09 },
  },
};

/** A figure compared with its bar. */
export interface Verdict {
  readonly passes: boolean;
  readonly sentence: string;
}

/** The verdicts on one evaluation. A missing figure fails. */
export function judge(evaluation: string, figures: Readonly<Record<string, number>>): Verdict[] {
  return Object.entries(BARS[evaluation] ?? {}).map(([name, { atLeast = -Infinity, atMost = Infinity }]) => {
    const value = figures[name] ?? NaN;
    const bar = atMost === Infinity ? `at least ${atLeast}` : `at most ${atMost}`;
    return {
      passes: value >= atLeast && value <= atMost,
      sentence: `${evaluation}: ${name} is ${value.toPrecision(5)}, the bar is ${bar}`,
    };
  });
}
