/**
 * One picture, several workers: deals out the faces that one worker found, and gathers the answers. Each worker
 * describes its share of the faces from the same shared pixels.
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
 * One task for each worker, and no more tasks than faces. The faces are dealt out in turn, so that each worker gets
 * large and small, certain and doubtful ones.
 */
export function deal(job: AnalysisJob, { faces, times }: FoundPicture, workers: number): Task[] {
  const shares = Math.min(workers, faces.length);
  return Array.from({ length: shares }, (_, share) => ({
    jobs: [job],
    found: { found: [faces.filter((_, index) => index % shares === share)], tooCoarse: [false], times },
  }));
}

/**
 * Merges the answers to the tasks of `deal`, faces in their original order. If one failed, the whole picture fails. The
 * times are those of the slowest worker.
 */
export function gather(answers: readonly BatchAnswer[]): BatchAnswer {
  const { times } = answers.reduce((a, b) => (total(b.times) > total(a.times) ? b : a));
  const shares: (readonly AnalysedFace[])[] = [];
  for (const { outcomes } of answers) {
    const [outcome] = outcomes;
    if (outcome.kind !== 'faces') return { outcomes, times };
    shares.push(outcome.faces);
  }
  const count = shares.reduce((sum, { length }) => sum + length, 0);
  const faces = Array.from({ length: count }, (_, index) => {
    return shares[index % shares.length][Math.floor(index / shares.length)];
  });
  return { outcomes: [{ kind: 'faces', faces }], times };
}

function total({ detect, recognise, attributes }: StageTimes): number {
  return detect + recognise + attributes;
}
