/**
 * One picture, several workers: the one that finds its faces hands them back, they are dealt out like cards, each worker
 * describes its hand on shared pixels, and the answers are put together in order.
 */
import type {
  AnalysedFace,
  AnalysisJob,
  AnalysisOptions,
  BatchAnswer,
  FoundPicture,
  StageTimes,
  Task,
} from '../worker/protocol.js';

/** Whether other workers can be of help: to describe a face takes milliseconds, unless all that is asked for are points. */
export function isWorthSharing({ embedding, attributes }: AnalysisOptions): boolean {
  return embedding || attributes.length > 0;
}

/**
 * A task for each of at most so many workers. They get a face each in turn, so that large and small ones, certain and
 * doubtful ones are spread evenly.
 */
export function deal(job: AnalysisJob, { faces, times }: FoundPicture, workers: number): Task[] {
  const hands = Math.min(workers, faces.length);
  return Array.from({ length: hands }, (_, hand) => ({
    jobs: [job],
    found: { found: [faces.filter((_, index) => index % hands === hand)], tooCoarse: [false], times },
  }));
}

/** The answers to what was dealt, as one. Its times are those of the slowest worker. */
export function gather(answers: readonly BatchAnswer[]): BatchAnswer {
  const { times } = answers.reduce((a, b) => (total(b.times) > total(a.times) ? b : a));
  const hands: (readonly AnalysedFace[])[] = [];
  for (const { outcomes } of answers) {
    const [outcome] = outcomes;
    if (outcome.kind !== 'faces') return { outcomes, times };
    hands.push(outcome.faces);
  }
  const count = hands.reduce((sum, { length }) => sum + length, 0);
  const faces = Array.from({ length: count }, (_, index) => {
    return hands[index % hands.length][Math.floor(index / hands.length)];
  });
  return { outcomes: [{ kind: 'faces', faces }], times };
}

function total({ detectMs, recogniseMs, attributesMs }: StageTimes): number {
  return detectMs + recogniseMs + attributesMs;
}
