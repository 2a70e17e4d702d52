/** Pictures of every format: crafted ones and damaged seeds. */
import type { Random } from '../../bench/simulate/random.js';
import { exchange, type Exchange } from '../core/exchange.js';
import { DETECT, post } from '../core/http-text.js';
import { judgeReplies, withBystander } from '../core/judge-replies.js';
import { REQUEST_TIMEOUT_MS, type Subject } from '../core/subject.js';
import { type Case, type Idea, ideaAt, type Outcome, type Suite } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';
import { pictureIdeas } from './ideas.js';

/** How a picture is sent. */
export interface PictureCase extends Case {
  readonly pictureBase64: string;
  readonly together: number;
  readonly leaveAfterMs?: number;
  readonly allowed?: readonly number[];
}

/** Maximum time for a normal picture while bombs are being decoded. */
const BYSTANDER_MS = REQUEST_TIMEOUT_MS;

export const PICTURES: Suite<PictureCase> = {
  name: 'pictures',
  title: 'Pictures of every format, crafted and damaged',
  cases: { all: 10_000, sample: 100 },
  limitMs: 30_000,
  open: async () => {
    const ideas = await pictureIdeas();
    return {
      kinds: ideas.length,
      generate: (index, random) => generate(ideas, index, random),
      run,
    };
  },
};

async function generate(
  ideas: readonly Idea<CraftedPicture>[],
  index: number,
  random: Random,
): Promise<PictureCase> {
  const { title, make } = ideaAt(ideas, index, random);
  const { bytes, together = 1, ...rest } = await make(random);
  return { title, pictureBase64: bytes.toString('base64'), together, ...rest };
}

async function run(one: PictureCase, subject: Subject): Promise<Outcome> {
  const picture = Buffer.from(one.pictureBase64, 'base64');
  const sent: Exchange = {
    steps: post(`${DETECT}?fields=`, 'application/octet-stream', picture),
    connections: one.together,
    leaveAfterMs: one.leaveAfterMs,
  };
  const limitMs = REQUEST_TIMEOUT_MS + 5_000;
  const replies = exchange(subject.url, sent, limitMs);
  const bystander = one.together > 1 ? await subject.normalAnswer(BYSTANDER_MS) : undefined;
  return withBystander(judgeReplies(await replies, sent, one, REQUEST_TIMEOUT_MS), bystander);
}
