/** URLs that lead to forbidden addresses: directly, by name, by redirect, or by a name that resolves differently each time. */
import { face } from '../../bench/pictures.js';
import { pick } from '../core/draw.js';
import { exchange } from '../core/exchange.js';
import { DETECT, post } from '../core/http-text.js';
import { judgeReplies } from '../core/judge-replies.js';
import { REQUEST_TIMEOUT_MS, type Subject } from '../core/subject.js';
import { type Case, type Idea, casesOf, type Outcome, type Suite } from '../core/suite.js';
import { FORBIDDEN_V4, FORBIDDEN_V6, PUBLIC, SPELLINGS } from './addresses.js';
import { Everywhere } from './everywhere.js';
import { NameServer, type Names } from './name-server.js';

/** A URL, and which addresses it may reach. */
interface Lead {
  readonly url: string;
  readonly names: Names;
  readonly mayReach: readonly string[];
  readonly allowed: readonly number[];
  /** Another URL whose answer must have the same wording. */
  readonly alike?: string;
}

export type UrlCase = Case & Lead;

/** A public host that redirects. */
const STAGE = { name: 'stage.test', address: '93.184.216.34' };
const PUBLIC_NAME = 'public.test';
const REFUSED = [400, 422];

export const URLS: Suite<UrlCase> = {
  name: 'urls',
  title: 'URLs that lead to forbidden addresses, where every address answers',
  cases: { all: 240, sample: 50 },
  limitMs: 30_000,
  inNamespace: true,
  open: async () => {
    const everywhere = await Everywhere.start(await face(160, 120));
    const names = await NameServer.start();
    return {
      ...casesOf(urlIdeas()),
      run: (one, subject) => run(one, subject, everywhere, names),
      close: () => {
        names.close();
        everywhere.close();
        return Promise.resolve();
      },
    };
  },
};

function urlIdeas(): Idea<Lead>[] {
  const host = (address: string): string => (address.includes(':') ? `[${address}]` : address);
  const refused = (url: string, more: Partial<Lead> = {}): Lead => ({
    url,
    names: {},
    mayReach: [],
    allowed: REFUSED,
    ...more,
  });
  const named = (...answers: readonly string[][]): Partial<Lead> => ({ names: { 'hidden.test': answers } });
  const stage: Names = { [STAGE.name]: [[STAGE.address]] };
  const forbidden = [...FORBIDDEN_V4, ...FORBIDDEN_V6];
  const any = (random: () => number): string => pick(random, forbidden);
  return [
    ...PUBLIC.map((address) => ({
      title: `url: public ${address}`,
      weight: 0.2,
      make: () => ({ url: `http://${host(address)}/a.jpg`, names: {}, mayReach: [address], allowed: [200] }),
    })),
    {
      title: 'url: a public name',
      make: () => ({
        url: `http://${PUBLIC_NAME}/`,
        names: { [PUBLIC_NAME]: [['8.8.8.8']] },
        mayReach: ['8.8.8.8'],
        allowed: [200],
      }),
    },
    {
      title: 'url: a redirect to a public name',
      make: () => ({
        url: `http://${STAGE.name}/to302?http://${PUBLIC_NAME}/`,
        names: { ...stage, [PUBLIC_NAME]: [['8.8.8.8']] },
        mayReach: [STAGE.address, '8.8.8.8'],
        allowed: [200],
      }),
    },
    ...forbidden.map((address) => ({
      title: `url: forbidden ${address}`,
      weight: 0.5,
      make: () => refused(`http://${host(address)}/`),
    })),
    ...Object.entries(SPELLINGS).map(([title, spell]) => ({
      title: `url: forbidden, ${title}`,
      make: (random: () => number) => {
        const address = pick(random, FORBIDDEN_V4);
        return refused(`http://${spell(address)}/`);
      },
    })),
    {
      title: 'url: another port or scheme',
      make: (random) =>
        refused(
          `${pick(random, ['http', 'https'])}://${host(any(random))}:${pick(random, [22, 80, 443, 2375, 6379, 8080, 9200])}/`,
        ),
    },
    {
      title: 'url: localhost',
      weight: 2,
      make: (random) =>
        refused(
          `http://${pick(random, ['localhost', 'LOCALHOST', 'localhost.', 'ip6-localhost', 'ip6-loopback', 'ｌｏｃａｌｈｏｓｔ', 'loc%61lhost'])}/`,
        ),
    },
    {
      title: 'url: a name for a forbidden address',
      weight: 6,
      make: (random) => refused('http://hidden.test/', named([any(random)])),
    },
    {
      title: 'url: a name for several forbidden addresses',
      make: (random) => refused('http://hidden.test/', named([any(random), any(random), any(random)])),
    },
    {
      title: 'url: a name for a public and a forbidden address',
      weight: 4,
      // Loaded from the public address or refused, but never loaded from the other.
      make: (random) =>
        refused('http://hidden.test/', {
          ...named([any(random), '8.8.8.8']),
          mayReach: ['8.8.8.8'],
          allowed: [200, ...REFUSED],
        }),
    },
    {
      title: 'url: a name that is public at first',
      weight: 4,
      make: (random) => {
        const turns = [['8.8.8.8'], [any(random)]];
        return refused('http://hidden.test/', {
          ...named(...(random() < 0.5 ? turns : turns.reverse())),
          mayReach: ['8.8.8.8'],
          allowed: [200, ...REFUSED],
        });
      },
    },
    ...[301, 302, 303, 307, 308].map((status) => ({
      title: `url: a ${status} to a forbidden address`,
      weight: 2,
      make: (random: () => number) => {
        const target =
          random() < 0.5
            ? `http://${host(any(random))}/`
            : `http://${pick(random, Object.values(SPELLINGS))(pick(random, FORBIDDEN_V4))}/`;
        return refused(`http://${STAGE.name}/to${status}?${encodeURIComponent(target)}`, {
          names: stage,
          mayReach: [STAGE.address],
        });
      },
    })),
    {
      title: 'url: a redirect to a hidden name',
      weight: 2,
      make: (random) =>
        refused(`http://${STAGE.name}/to302?http://hidden.test/`, {
          names: { ...stage, 'hidden.test': [[any(random)]] },
          mayReach: [STAGE.address],
        }),
    },
    {
      title: 'url: a redirect from one address of a name to another',
      make: (random) =>
        refused('http://hidden.test/to302?http://hidden.test/', {
          ...named(['8.8.8.8'], ['8.8.8.8'], [any(random)]),
          mayReach: ['8.8.8.8'],
          allowed: [200, ...REFUSED],
        }),
    },
    {
      title: 'url: hidden and missing names get the same answer',
      make: (random) =>
        refused('http://hidden.test/', { ...named([any(random)]), alike: 'http://missing.test/' }),
    },
    {
      title: 'url: surrounding blanks and line breaks',
      make: (random) =>
        refused(`${pick(random, [' ', '\t', '\n', '\r\n', '\u00a0'])}http://${host(any(random))}/ `),
    },
    {
      title: 'url: back slashes and at signs',
      make: (random) =>
        refused(
          pick(random, [
            'http:\\\\127.0.0.1\\',
            'http://example.com\\@127.0.0.1/',
            'http://127.0.0.1#@example.com/',
            'http://127.0.0.1?@example.com',
            'http:127.0.0.1',
            'http:/127.0.0.1',
            'http:////127.0.0.1',
            '//127.0.0.1/',
            'http://[::1',
            'http://127.0.0.1:80:80/',
          ]),
        ),
    },
  ];
}

async function run(
  one: UrlCase,
  subject: Subject,
  everywhere: Everywhere,
  names: NameServer,
): Promise<Outcome> {
  names.set(one.names);
  everywhere.take();
  const first = await ask(one, one.url, subject);
  const faults = [...first.faults];
  const reached = everywhere.take();
  for (const address of reached.filter((each) => !one.mayReach.includes(each)))
    faults.push(`${JSON.stringify(one.url)} reached ${address}`);
  if (first.statuses[0] === 200 && reached.length === 0)
    faults.push('a picture was loaded, but no address was reached');
  if (one.alike !== undefined) {
    const other = await ask(one, one.alike, subject);
    if (other.words !== first.words)
      faults.push(`a hidden name can be told from a missing one: ${first.words} ${other.words}`);
  }
  return { statuses: first.statuses, faults };
}

async function ask(
  one: UrlCase,
  image_url: string,
  subject: Subject,
): Promise<Outcome & { readonly words: string }> {
  const sent = { steps: post(`${DETECT}?fields=`, 'application/json', JSON.stringify({ image_url })) };
  const replies = await exchange(subject.url, sent, REQUEST_TIMEOUT_MS + 5_000);
  const words = replies[0].answers[0]?.body.toString().replace(/"request_id":"[^"]*"/, '') ?? '';
  return { ...judgeReplies(replies, sent, one, REQUEST_TIMEOUT_MS), words };
}
