/** Requests over raw connections: bodies, headers, framing, methods, targets, slow and broken callers. */
import { face } from '../../bench/pictures.js';
import { exchange } from '../core/exchange.js';
import { judgeReplies, withBystander } from '../core/judge-replies.js';
import { REQUEST_TIMEOUT_MS, type Subject } from '../core/subject.js';
import { type Case, casesOf, type Outcome, type Suite } from '../core/suite.js';
import { COMPRESSED_IDEAS } from './compressed.js';
import { CONNECTION_IDEAS } from './connections.js';
import { FORM_IDEAS } from './forms.js';
import { FRAMING_IDEAS } from './framing.js';
import { harmlessIdeas } from './harmless.js';
import { HEADER_IDEAS } from './headers.js';
import { JSON_IDEAS } from './json.js';
import type { CraftedRequest } from './request-case.js';
import { TARGET_IDEAS } from './targets.js';

/** A request as it is sent over the connection. */
export type RequestCase = Case & CraftedRequest;

/** Maximum time for a normal picture while others misbehave. */
const BYSTANDER_MS = 2_000;

export const REQUESTS: Suite<RequestCase> = {
  name: 'requests',
  title: 'Bodies, headers, framing, methods, targets, slow and broken connections',
  cases: { all: 10_000, sample: 100 },
  limitMs: 30_000,
  open: async () => {
    const ideas = [
      ...harmlessIdeas(await face(160, 120)),
      ...JSON_IDEAS,
      ...COMPRESSED_IDEAS,
      ...FORM_IDEAS,
      ...FRAMING_IDEAS,
      ...TARGET_IDEAS,
      ...HEADER_IDEAS,
      ...CONNECTION_IDEAS,
    ];
    return { ...casesOf(ideas), run };
  },
};

async function run(one: RequestCase, subject: Subject): Promise<Outcome> {
  const replies = exchange(subject.url, one, REQUEST_TIMEOUT_MS + 5_000);
  const bystander = one.bystander === true ? await subject.normalAnswer(BYSTANDER_MS) : undefined;
  return withBystander(judgeReplies(await replies, one, one, REQUEST_TIMEOUT_MS), bystander);
}
