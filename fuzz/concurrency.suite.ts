/** Many simultaneous callers must get exactly the answers that they would get alone, bit for bit. */
import sharp from 'sharp';
import { allPictures, face, group } from '../bench/pictures.js';
import { draw, pick, randomOf } from './core/draw.js';
import { exchange, type Step } from './core/exchange.js';
import { BATCH, COMPARE, DETECT, post } from './core/http-text.js';
import { wrongWith } from './core/rules.js';
import type { Subject } from './core/subject.js';
import type { Case, Outcome, Suite } from './core/suite.js';
import { integer } from 'fast-check';

/** A round of mixed requests. */
interface Round extends Case {
  /** Determines which requests each caller sends. */
  readonly seed: number;
}

const CALLERS = 32;
const REQUESTS_EACH = 4;
/** An answer may take long, because all callers share the service. */
const LIMIT_MS = 60_000;

export const CONCURRENCY: Suite<Round> = {
  name: 'concurrency',
  title: `${CALLERS} simultaneous callers, whose answers must be the same as alone`,
  cases: { all: 20, sample: 1 },
  limitMs: 120_000,
  open: async () => {
    const requests = await mix();
    const alone = new Map<number, string>();
    return {
      settings: { REQUEST_TIMEOUT_MS: '60000' },
      kinds: 1,
      generate: (_, random) => Promise.resolve({ title: 'callers at a time', seed: draw(random, integer()) }),
      run: (one, subject) => run(one, subject, requests, alone),
    };
  },
};

/** Requests to all routes, with pictures of several formats, sizes and numbers of faces. */
async function mix(): Promise<Step[][]> {
  const [one, six] = await allPictures();
  const small = await face(200, 150);
  const crowd = await group(1_200, 900);
  const png = await sharp(small).png().toBuffer();
  const avif = await sharp(small).avif({ effort: 0 }).toBuffer();
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  const json = (path: string, body: object): Step[] => post(path, 'application/json', JSON.stringify(body));
  return [
    post(DETECT, 'image/jpeg', one.jpeg),
    post(DETECT, 'image/jpeg', six.jpeg),
    post(`${DETECT}?fields=`, 'image/jpeg', crowd),
    post(`${DETECT}?max_faces=2&fields=feature,yaw`, 'image/jpeg', six.jpeg),
    post(DETECT, 'image/png', png),
    post(DETECT, 'image/avif', avif),
    json(DETECT, { image_base64: base64(small), fields: ['feature'] }),
    json(COMPARE, { image1_base64: base64(small), image2_base64: base64(one.jpeg) }),
    json(COMPARE, { image1_base64: base64(png), image2_base64: base64(six.jpeg) }),
    json(BATCH, { requests: [small, png, one.jpeg].map((bytes) => ({ image_base64: base64(bytes) })) }),
    json(BATCH, { requests: [{ image_base64: 'AAAA' }, { image_base64: base64(small) }] }),
    post(DETECT, 'image/jpeg', Buffer.from('no picture')),
  ];
}

async function run(
  { seed }: Round,
  subject: Subject,
  requests: readonly Step[][],
  alone: Map<number, string>,
): Promise<Outcome> {
  const statuses: number[] = [];
  const faults = new Set<string>();
  const ask = async (number: number): Promise<string> => {
    for (;;) {
      const [{ answers }] = await exchange(subject.url, { steps: requests[number] }, LIMIT_MS);
      const [answer] = answers;
      statuses.push(answer?.status ?? 0);
      const wrong = answer === undefined ? 'no answer' : wrongWith(answer);
      if (wrong !== undefined) faults.add(wrong);
      if (answer?.status === 503) continue;
      return answer?.body.toString().replaceAll(/"request_id":"[^"]*"/g, '') ?? '';
    }
  };
  for (const number of requests.keys()) if (!alone.has(number)) alone.set(number, await ask(number));
  const random = randomOf(seed, 'concurrency', 0);
  const numbers = [...requests.keys()];
  const plans = Array.from({ length: CALLERS }, () =>
    Array.from({ length: REQUESTS_EACH }, () => pick(random, numbers)),
  );
  const call = async (plan: readonly number[]): Promise<void> => {
    for (const number of plan)
      if ((await ask(number)) !== alone.get(number))
        faults.add(`the answer to request ${number} differs from its answer alone`);
  };
  await Promise.all(plans.map(call));
  return { statuses, faults: [...faults] };
}
