/** Who is let in: so many pictures, and so many bytes for all of them. */
import { Config } from '../../src/config/config.js';
import { AppError, type ErrorCode } from '../../src/errors.js';
import { Admission } from '../../src/inference/admission.service.js';
import { ByteBudget } from '../../src/inference/byte-budget.js';
import { patient } from '../support/refusals.js';

const admissionOf = (settings: Partial<Config>): Admission =>
  new Admission(
    Object.assign(
      new Config(),
      { inferenceMaxWorkers: 1, inferenceMaxQueue: 1, maxBytesInFlight: 200 },
      settings,
    ),
  );

function codeOf(work: () => unknown): ErrorCode | 'let in' {
  try {
    work();
    return 'let in';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

/** Whether a promise has been fulfilled by now. */
async function isDone(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    work.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ]);
}

describe('a budget of bytes', () => {
  test('is given out first come, first served', async () => {
    const budget = new ByteBudget(10);
    await budget.take(6, patient);
    const large = budget.take(8, patient);
    const small = budget.take(1, patient);
    expect(await isDone(large)).toBe(false);
    expect(await isDone(small)).toBe(false); // although it would fit: else the large one might wait for ever
    expect(budget.tryTake(1)).toBe(false);
    budget.give(6);
    expect(await isDone(large)).toBe(true);
    expect(await isDone(small)).toBe(true);
    expect(budget.used).toBe(9);
  });

  test('a caller who leaves the line makes room for the next', async () => {
    const budget = new ByteBudget(10);
    await budget.take(6, patient);
    const leaving = new AbortController();
    const large = budget.take(8, leaving.signal);
    const small = budget.take(4, patient);
    leaving.abort(new AppError('deadline_exceeded', 'The time is over.'));
    await expect(large).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(await isDone(small)).toBe(true);
    expect(budget.used).toBe(10);
  });
});

describe('bodies', () => {
  test('are taken as they arrive, up to half of the bytes; then refused until some are given back', () => {
    const admission = admissionOf({ maxBodyBytes: 60 });
    const first = admission.hold('a', 60);
    const second = admission.hold('b', 60);
    expect(admission.state.bodyBytes).toBe(0); // what is announced is not taken
    first.add(60);
    expect(codeOf(() => second.add(41))).toBe('overloaded');
    expect(codeOf(() => second.add(40))).toBe('let in');
    expect(codeOf(() => admission.hold('c', 1))).toBe('overloaded');
    expect(admission.state).toMatchObject({ bodyBytes: 100 });
    first.free();
    first.free();
    first.add(50); // what comes late is not counted
    expect(admission.state.bodyBytes).toBe(40);
    expect(codeOf(() => admission.hold('c', 60))).toBe('let in');
  });

  test('of one caller leave room for those of others', () => {
    const admission = admissionOf({ maxBodyBytes: 10 });
    const greedy = [admission.hold('a'), admission.hold('a')];
    greedy[0].add(30);
    expect(codeOf(() => greedy[1].add(30))).toBe('overloaded');
    expect(codeOf(() => admission.hold('b').add(50))).toBe('let in');
    greedy[0].free();
    expect(codeOf(() => greedy[1].add(30))).toBe('let in');
  });

  test('that could never fit are refused with the limit', () => {
    const admission = admissionOf({});
    expect(() => admission.hold('a', 101)).toThrow(/one caller, 100 .*MAX_BYTES_IN_FLIGHT/);
    expect(codeOf(() => admission.hold('a').add(101))).toBe('body_too_large');
    expect(admission.state).toMatchObject({ bodyBytes: 0 });
  });

  test('are refused unread while no picture could be taken in', async () => {
    const admission = admissionOf({});
    const reservations = [admission.reserve(patient), admission.reserve(patient)];
    for (const reservation of reservations) await reservation.acquire(1);
    expect(codeOf(() => admission.assertRoom())).toBe('overloaded');
    await expect(admission.reserve(patient).acquire(1)).rejects.toMatchObject({ code: 'overloaded' });
    expect(admission.state).toMatchObject({ pictures: 2 });
    reservations[0].release();
    await Promise.resolve().then(() => Promise.resolve());
    expect(codeOf(() => admission.assertRoom())).toBe('let in');
  });
});

describe('pictures', () => {
  test.each([
    [0, 2, 'a worker takes what there is'],
    [50, 5, 'a worker waits for a batch to fill'],
  ])('with %i ms of patience, %i of them are let in, as %s', (inferenceBatchWaitMs, most) => {
    const admission = admissionOf({ inferenceMaxBatch: 4, inferenceBatchWaitMs });
    for (let taken = 0; taken < most; taken++) {
      expect(codeOf(() => admission.assertRoom())).toBe('let in');
      void admission.reserve(patient).acquire(1);
    }
    expect(codeOf(() => admission.assertRoom())).toBe('overloaded');
  });

  test('wait for memory, and get it when another is done with it', async () => {
    const admission = admissionOf({});
    const first = admission.reserve(patient);
    const second = admission.reserve(patient);
    await first.acquire(70);
    const waiting = second.acquire(70);
    expect(await isDone(waiting)).toBe(false);
    first.release();
    expect(await isDone(waiting)).toBe(true);
    expect(admission.state).toMatchObject({ pictures: 1, pixelBytes: 70 });
    second.release();
    await new Promise(setImmediate);
    expect(admission.state).toMatchObject({ pictures: 0, pixelBytes: 0 });
  });

  test('that could never fit are refused, and hold nothing', async () => {
    const admission = admissionOf({});
    const reservation = admission.reserve(patient);
    await expect(reservation.acquire(101)).rejects.toMatchObject({
      code: 'image_too_many_pixels',
      message: expect.stringMatching(/101 bytes .* has 100 .*MAX_BYTES_IN_FLIGHT/) as string,
    });
    reservation.release();
    expect(admission.state).toMatchObject({ pictures: 0, pixelBytes: 0 });
  });

  test('that are decoded again give up their first memory before they wait for the second', async () => {
    const admission = admissionOf({});
    const [first, second] = [admission.reserve(patient), admission.reserve(patient)];
    await first.acquire(50);
    await second.acquire(50);
    // Were both to hold what they have while they wait for more, neither would ever get it.
    const both = [first.acquire(90), second.acquire(90)];
    expect(await isDone(both[0])).toBe(true);
    expect(await isDone(both[1])).toBe(false);
    first.release();
    expect(await isDone(both[1])).toBe(true);
  });

  test('hold their memory as long as the decoder runs, although the caller has left', async () => {
    const admission = admissionOf({});
    const reservation = admission.reserve(patient);
    await reservation.acquire(70);
    let finish = (): void => undefined;
    reservation.holdFor(new Promise<void>((resolve) => (finish = resolve)));
    reservation.release();
    await new Promise(setImmediate);
    expect(admission.state).toMatchObject({ pictures: 1, pixelBytes: 70 });
    finish();
    await new Promise(setImmediate);
    expect(admission.state).toMatchObject({ pictures: 0, pixelBytes: 0 });
  });
});
