/** A failure of one picture of a batch does not fail the others. */
import type { AnalysisJob, BatchResult } from '../../src/worker/protocol.js';
import { analyzeApart } from '../../src/worker/isolation.js';

const job = (width: number): AnalysisJob => ({
  image: { width, height: 1, data: new Uint8Array(width * 3) },
  options: { landmarks: false, embedding: false, attributes: [] },
});
let calls: number[][] = [];
beforeEach(() => (calls = []));

/** Fails for pictures of 13 pixels, gives up on those of 1. */
function analyze(jobs: readonly AnalysisJob[]): Promise<BatchResult> {
  calls.push(jobs.map(({ image }) => image.width));
  if (jobs.some(({ image }) => image.width === 13)) return Promise.reject(new RangeError('thirteen'));
  return Promise.resolve({
    faces: jobs.map(() => []),
    tooCoarse: jobs.map(({ image }) => image.width === 1),
    times: { startedAt: calls.length, detect: 1, recognise: 2, attributes: 3 },
  });
}

test('a batch without a fault is one call', async () => {
  const { outcomes, times } = await analyzeApart([job(5), job(1)], analyze);
  expect(outcomes).toEqual([{ kind: 'faces', faces: [] }, { kind: 'too_coarse' }]);
  expect(times).toEqual({ startedAt: 1, detect: 1, recognise: 2, attributes: 3 });
  expect(calls).toEqual([[5, 1]]);
});

test('a batch with a fault is split; only the pictures that fail alone have failed', async () => {
  const { outcomes, times } = await analyzeApart([job(5), job(13), job(1)], analyze);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['faces', 'failed', 'too_coarse']);
  expect(outcomes[1]).toMatchObject({ error: { message: 'thirteen' } });
  expect(times).toEqual({ startedAt: 2, detect: 2, recognise: 4, attributes: 6 });
  expect(calls).toEqual([[5, 13, 1], [5], [13], [1]]);
});

test('a single picture is not retried', async () => {
  const { outcomes } = await analyzeApart([job(13)], analyze);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['failed']);
  expect(calls).toEqual([[13]]);
});
