/** Compare: one person in two pictures, two people, and every way of sending a pair. */
import type { CompareResponseDto } from '../../src/faces/compare.dto.js';
import { blank, crop, sample } from '../fixtures/pictures.js';
import {
  COMPARE,
  compare,
  facesOf,
  json,
  postForm,
  postJson,
  problemOf,
  type Service,
  startService,
} from '../support/service.js';

let service: Service;
/** The same woman, on the right of sample1 and in the middle of sample3. */
let woman: { at: Buffer; elsewhere: Buffer };
/** The other four people in these two pictures. */
let others: Buffer[];

beforeAll(async () => {
  service = await startService({ urlAllowedAddresses: ['127.0.0.1'] });
  const [first, third] = [sample(1), sample(3)];
  woman = {
    at: await crop(first, [1440, 220, 1690, 470]),
    elsewhere: await crop(third, [1070, 205, 1305, 520]),
  };
  others = await Promise.all([
    crop(first, [410, 385, 600, 610]),
    crop(first, [830, 455, 1030, 670]),
    crop(third, [590, 350, 775, 630]),
    crop(third, [1500, 315, 1690, 590]),
  ]);
});
afterAll(() => service.app.close());

test('one person in two pictures is above the threshold', async () => {
  const answer = await compare(service, woman.at, woman.elsewhere);
  expect(answer.similarity).toBeGreaterThan(answer.threshold + 0.2);
  expect(answer.is_match).toBe(true);
  expect(answer.confidence).toBeGreaterThan(0.95);
});

test('two different people are below the threshold', async () => {
  for (const other of others.slice(0, 3)) {
    const answer = await compare(service, woman.at, other);
    expect(answer.similarity).toBeLessThan(answer.threshold);
    expect(answer.is_match).toBe(false);
    expect(answer.confidence).toBeLessThan(0.5);
  }
});

test('no one else is as similar to her as she is to herself', async () => {
  const { similarity } = await compare(service, woman.at, woman.elsewhere);
  for (const other of others) {
    expect((await compare(service, woman.at, other)).similarity).toBeLessThan(similarity - 0.25);
    expect((await compare(service, woman.elsewhere, other)).similarity).toBeLessThan(similarity - 0.25);
  }
});

test('of people in the same picture, 29 of 31 pairs are below the threshold', async () => {
  const { threshold } = await compare(service, woman.at, woman.at);
  let pairs = 0;
  let matches = 0;
  for (const number of [1, 2, 3, 4, 5, 6]) {
    const features = (await facesOf(service, sample(number), '?fields=feature')).map(
      ({ feature }) => feature,
    );
    for (const [index, a] of features.entries()) {
      for (const b of features.slice(index + 1)) {
        pairs++;
        if (a.reduce((sum, value, i) => sum + value * b[i], 0) >= threshold) matches++;
      }
    }
  }
  expect(pairs).toBe(31);
  expect(matches).toBeLessThanOrEqual(2);
});

test('a picture compared with itself has a similarity of 1', async () => {
  const answer = await compare(service, woman.at, woman.at);
  expect(answer.similarity).toBeCloseTo(1, 4);
  expect(answer.image1).toEqual(answer.image2);
});

test('the order of the pictures does not matter', async () => {
  const [there, back] = await Promise.all([
    compare(service, woman.at, woman.elsewhere),
    compare(service, woman.elsewhere, woman.at),
  ]);
  expect(back).toEqual({ ...there, image1: there.image2, image2: there.image1 });
});

test('the answer has the members of the contract, and the cosine of the embeddings that detect returns', async () => {
  const answer = await compare(service, woman.at, woman.elsewhere);
  expect(Object.keys(answer)).toEqual([
    'similarity',
    'threshold',
    'is_match',
    'confidence',
    'image1',
    'image2',
  ]);
  const [[a], [b]] = [await facesOf(service, woman.at), await facesOf(service, woman.elsewhere)];
  const cosine = a.feature.reduce((sum, value, index) => sum + value * b.feature[index], 0);
  expect(answer.similarity).toBeCloseTo(cosine, 3);
  expect(answer.image1).toEqual({ bounding_box: a.bounding_box, confidence: a.confidence });
  expect(answer.image2).toEqual({ bounding_box: b.bounding_box, confidence: b.confidence });
});

test('the largest face of a picture with several is the one compared', async () => {
  const [largest] = await facesOf(service, sample(3));
  const answer = await compare(service, woman.at, sample(3));
  expect(answer.image2.bounding_box).toEqual(largest.bounding_box);
  expect(answer.is_match).toBe(true);
});

test('a negative similarity is returned as zero', async () => {
  const answers = await Promise.all(others.map((other) => compare(service, woman.elsewhere, other)));
  for (const { similarity } of answers) expect(similarity).toBeGreaterThanOrEqual(0);
});

test('form files, base64 and mixtures give the same answer', async () => {
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  const expected = await compare(service, woman.at, woman.elsewhere);
  const answers = await Promise.all([
    postForm(service, COMPARE, { image1: woman.at, image2: woman.elsewhere }),
    postForm(service, COMPARE, { image1: woman.at, image2_base64: base64(woman.elsewhere) }),
    postForm(service, COMPARE, { image1_base64: base64(woman.at), image2: woman.elsewhere }),
    postJson(service, COMPARE, {
      image1_base64: `data:image/jpeg;base64,${base64(woman.at)}`,
      image2_base64: woman.elsewhere.toString('base64url'),
    }),
  ]);
  for (const answer of answers) expect(await json<CompareResponseDto>(answer)).toEqual(expected);
});

test('says in which picture there is no face', async () => {
  const nobody = (await blank()).toString('base64');
  const somebody = woman.at.toString('base64');
  for (const [image1_base64, image2_base64, name] of [
    [nobody, somebody, 'image1'],
    [somebody, nobody, 'image2'],
    [nobody, nobody, 'image1'],
  ]) {
    const problem = await problemOf(await postJson(service, COMPARE, { image1_base64, image2_base64 }));
    expect(problem).toMatchObject({ status: 400, code: 'no_face', field: name });
    expect(problem.detail).toContain(name);
  }
});

test('says which picture is missing, given twice, or cannot be read', async () => {
  const somebody = woman.at.toString('base64');
  const missing = await problemOf(await postJson(service, COMPARE, { image1_base64: somebody }));
  expect(missing).toMatchObject({ status: 422, errors: [{ field: 'image2_base64' }] });

  const twice = await problemOf(
    await postJson(service, COMPARE, {
      image1_base64: somebody,
      image1_url: 'https://example.com/a.jpg',
      image2_base64: somebody,
    }),
  );
  expect(twice).toMatchObject({ status: 422, errors: [{ field: 'image1_base64' }] });

  const broken = await problemOf(
    await postJson(service, COMPARE, { image1_base64: somebody, image2_base64: 'aGVsbG8gd29ybGQ=' }),
  );
  expect(broken).toMatchObject({ status: 400, code: 'image_undecodable', field: 'image2_base64' });
});

test('the timings of both pictures are reported', async () => {
  const response = await postForm(service, COMPARE, { image1: woman.at, image2: woman.elsewhere });
  expect(response.headers.get('server-timing')).toMatch(
    /^load;dur=[\d.]+, decode;dur=[\d.]+, queue;dur=[\d.]+, detect;dur=[\d.]+, recognise;dur=[\d.]+, attributes;dur=[\d.]+$/,
  );
});
