/** Isolates the pictures of a batch: the failure of one must not fail the others. */
import {
  type AnalysisJob,
  type BatchAnswer,
  type BatchResult,
  failedAnswer,
  type FoundPicture,
  NO_TIMES,
  type Outcome,
  type StageTimes,
} from './protocol.js';

/** Analyses some jobs together; of a single one it may only find the faces. */
export type Analyze = (jobs: readonly AnalysisJob[]) => Promise<BatchResult | FoundPicture>;

/**
 * Analyses a batch together. If that throws, analyses each job alone, so that only the faulty ones fail. Never rejects.
 */
export async function analyzeApart(jobs: readonly AnalysisJob[], analyze: Analyze): Promise<BatchAnswer> {
  try {
    return answerOf(await analyze(jobs));
  } catch (error) {
    if (jobs.length === 1) return failedAnswer(error);
  }
  const answers: BatchAnswer[] = [];
  for (const job of jobs) answers.push(await analyzeApart([job], analyze));
  return {
    outcomes: answers.flatMap(({ outcomes }) => outcomes),
    times: answers.map(({ times }) => times).reduce(sum, NO_TIMES),
  };
}

function answerOf(result: BatchResult | FoundPicture): BatchAnswer {
  if (!('tooCoarse' in result))
    return { outcomes: [{ kind: 'found', picture: result }], times: result.times };
  const { faces, tooCoarse, times } = result;
  const outcomes = faces.map((some, job): Outcome =>
    tooCoarse[job] ? { kind: 'too_coarse' } : { kind: 'faces', faces: some },
  );
  return { outcomes, times };
}

function sum(a: StageTimes, b: StageTimes): StageTimes {
  return {
    startedAt: Math.min(a.startedAt, b.startedAt),
    detect: a.detect + b.detect,
    recognise: a.recognise + b.recognise,
    attributes: a.attributes + b.attributes,
  };
}
