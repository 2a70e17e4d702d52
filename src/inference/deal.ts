/**
 * One picture, several workers: the faces that one worker found are dealt out like cards, each worker describes its hand on
 * shared pixels, and the answers are put together in order.
 */
import type {
  AnalysedFace,
  AnalysisJob,
  BatchAnswer,
  FoundPicture,
  StageTimes,
  Task,
} from '../worker/protocol.js';

/**
 * A task for each worker, at most one for each face. The workers get a face each in turn, so that large and small faces,
 * certain and doubtful ones, are spread evenly.
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

function total({ detect, recognise, attributes }: StageTimes): number {
  return detect + recognise + attributes;
}
