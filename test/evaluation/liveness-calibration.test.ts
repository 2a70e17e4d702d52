/** The calibration of liveness against values worked out by hand. */
import {
  calibrated,
  equalErrorThreshold,
  errorRates,
  fitPlatt,
  uncalibrated,
} from '../../evaluation/liveness-calibration.js';

const attacks = (...scores: number[]) => ({ isLive: false, scores });
const live = (...scores: number[]) => ({ isLive: true, scores });

test('every set counts the same, however many photos it has', () => {
  // Accepted attacks: 1 of 1 and 0 of 3; refused living people: 1 of 2.
  const sets = [attacks(2), attacks(-3, -2, -1), live(-1, 1)];
  expect(errorRates(sets, 0)).toEqual({ apcer: 0.5, bpcer: 0.5 });
});

test('a score at the threshold is accepted', () => {
  expect(errorRates([attacks(0), live(0)], 0)).toEqual({ apcer: 1, bpcer: 0 });
});

test('the threshold of equal errors lies where one attack and one living person are on the wrong side', () => {
  const sets = [attacks(-4, -3, -2, 1), live(-1, 2, 3, 4)];
  const threshold = equalErrorThreshold(sets);
  expect(errorRates(sets, threshold)).toEqual({ apcer: 0.25, bpcer: 0.25 });
});

test('the fit puts 0.5 at equal errors, with the scale of the highest likelihood', () => {
  // Symmetric about 2: at distance 1 from it three of four are right, so the probability there is 3/4 and the scale ln 3.
  const sets = [attacks(1, 1, 1, 3), live(3, 3, 3, 1)];
  const fit = fitPlatt(sets);
  expect(calibrated(2, fit)).toBeCloseTo(0.5, 9);
  expect(calibrated(3, fit)).toBeCloseTo(0.75, 9);
  expect(fit.scale).toBeCloseTo(Math.log(3), 9);
});

test('log odds survive calibration and its inverse', () => {
  const calibration = { scale: 0.7, bias: 2.8 };
  for (const logOdds of [-20, -4, 0, 3, 20])
    expect(uncalibrated(calibrated(logOdds, calibration), calibration)).toBeCloseTo(logOdds, 6);
});
