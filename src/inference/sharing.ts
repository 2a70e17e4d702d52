/**
 * One picture, several workers: the one that finds its faces hands them back, they are dealt out like cards, each worker
 * describes its hand on shared pixels, and the answers are put together in order.
 */
import type {
  AnalysedFace,
  AnalysisJob,
  AnalysisOptions,
  BatchAnswer,
  FoundFace,
  FoundFaces,
  FoundPicture,
  StageTimes,
  Task,
} from '../worker/protocol.js';

/** How many faces are worth the way through the main thread. */
const LEAST_FACES = 2;

/** Whether other workers can be of help: to describe a face takes milliseconds, unless all that is asked for are points. */
export function isWorthSharing({ embedding, attributes }: AnalysisOptions): boolean {
  return embedding || attributes.length > 0;
}

/**
 * What other workers have to know of the faces of a picture, in memory of its own: more would be copied as often as there
 * are workers. Undefined where there are too few faces to share.
 */
export function handBack({ found: [faces], times }: FoundFaces): FoundPicture | undefined {
  return faces.length < LEAST_FACES ? undefined : { faces: faces.map(apart), times };
}

function apart(face: FoundFace): FoundFace {
  const { box, score, confidence, keypoints, landmarks, identity, reading } = face;
  const own = reading && { ...reading, features: reading.features?.slice() };
  return {
    box,
    score,
    confidence,
    keypoints,
    landmarks,
    identity: identity === reading ? own : identity,
    reading: own,
  };
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
