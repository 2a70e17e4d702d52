/** Downloads over http and from S3, from a server that does everything wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import { face } from '../../bench/pictures.js';
import { exchange, type Exchange } from '../core/exchange.js';
import { DETECT, post } from '../core/http-text.js';
import { judgeReplies, withBystander } from '../core/judge-replies.js';
import { REQUEST_TIMEOUT_MS, type Subject } from '../core/subject.js';
import { type Case, ideaAt, type Outcome, type Suite } from '../core/suite.js';
import { downloadIdeas, type Misbehaviour } from './download-ideas.js';
import { MisbehavingServer } from './misbehaving-server.js';

export type DownloadCase = Case & Misbehaviour & { readonly address: string };

/** Time after an answer within which the service must have closed its connections to the other side. */
const CLOSED_WITHIN_MS = 2_000;

export const DOWNLOADS: Suite<DownloadCase> = {
  name: 'downloads',
  title: 'Downloads over http and from S3 that fail in every possible way',
  cases: { all: 150, sample: 20 },
  limitMs: 40_000,
  open: async () => {
    const picture = await face(160, 120);
    const server = await MisbehavingServer.start(picture);
    const ideas = downloadIdeas(picture, server.address);
    return {
      settings: {
        URL_ALLOWED_ADDRESSES: '127.0.0.1',
        S3_ENDPOINT: `http://${server.address}`,
        S3_REGION: 'us-east-1',
        S3_FORCE_PATH_STYLE: 'true',
        AWS_ACCESS_KEY_ID: 'id',
        AWS_SECRET_ACCESS_KEY: 'secret',
      },
      kinds: ideas.length,
      generate: async (index, random) => {
        const { title, make } = ideaAt(ideas, index, random);
        return { title, address: server.address, ...(await make(random)) };
      },
      run: (one, subject) => run(one, subject, server),
      close: () => Promise.resolve(server.close()),
    };
  },
};

async function run(one: DownloadCase, subject: Subject, server: MisbehavingServer): Promise<Outcome> {
  // A saved case names the server of its original run.
  const text = JSON.stringify(one.reply).replaceAll(one.address, server.address);
  server.behave(JSON.parse(text) as DownloadCase['reply'], one.open === true);
  const image_url = one.via === 's3' ? 's3://bucket/key' : `http://${server.address}/picture.jpg`;
  const sent: Exchange = {
    steps: post(`${DETECT}?fields=`, 'application/json', JSON.stringify({ image_url })),
    connections: one.together,
  };
  const replies = exchange(subject.url, sent, REQUEST_TIMEOUT_MS + 5_000);
  const bystander = (one.together ?? 1) > 1 ? await subject.normalAnswer(REQUEST_TIMEOUT_MS) : undefined;
  const outcome = withBystander(judgeReplies(await replies, sent, one, REQUEST_TIMEOUT_MS), bystander);
  const end = performance.now() + CLOSED_WITHIN_MS;
  while (server.connections > 0 && performance.now() < end) await sleep(10);
  if (server.connections === 0) return outcome;
  const open = `${server.connections} connections to the other side stay open`;
  return { ...outcome, faults: [...outcome.faults, open] };
}
