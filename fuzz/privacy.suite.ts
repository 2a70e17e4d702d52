/** Nothing that a caller sends may appear in the log, metrics, traces or temporary files, however the request ends. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { face } from '../bench/pictures.js';
import { exchange, type Step } from './core/exchange.js';
import { BATCH, COMPARE, DETECT, head, post } from './core/http-text.js';
import { Subject } from './core/subject.js';
import type { Case, Outcome, Suite } from './core/suite.js';
import { withFolder } from './faults/scenario.js';

/** The text that must not appear anywhere. It is unlike any other. */
const MARK = 'zqxjmark';
const KEY = `${MARK}-key-${'k'.repeat(32)}`;
const FORMATS = ['text', 'json'] as const;

/** A log format. */
interface LogFormat extends Case {
  readonly format: (typeof FORMATS)[number];
}

export const PRIVACY: Suite<LogFormat> = {
  name: 'privacy',
  title: 'A mark in pictures, URLs, headers and keys, searched for in everything the service writes',
  cases: { all: FORMATS.length, sample: 1 },
  limitMs: 90_000,
  open: () =>
    Promise.resolve({
      kinds: FORMATS.length,
      generate: (index) => {
        const format = FORMATS[index % FORMATS.length];
        return Promise.resolve({ title: `log as ${format}`, format });
      },
      run,
    }),
};

/** Requests that carry the mark in every possible way, some of which succeed and some fail. */
async function requests(): Promise<Step[][]> {
  const picture = await sharp(await face(320, 240))
    .withExif({ IFD0: { ImageDescription: MARK, Artist: MARK }, IFD3: { GPSLatitudeRef: 'N' } })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${MARK}</x:xmpmeta>`)
    .jpeg()
    .toBuffer();
  const damaged = Buffer.concat([picture.subarray(0, 2_000), Buffer.from(MARK)]);
  const access = { 'X-API-Key': KEY };
  const json = (path: string, body: object): Step[] =>
    post(path, 'application/json', JSON.stringify(body), access);
  const base64 = picture.toString('base64');
  const urls = [
    `http://127.0.0.1:1/${MARK}.jpg?token=${MARK}#${MARK}`,
    `https://${MARK}:${MARK}@example.com/`,
    `http://10.0.0.1/${MARK}`,
    `s3://bucket/${MARK}`,
    `ftp://host/${MARK}`,
    `not a url ${MARK}`,
    `data:image/png;base64,${MARK}`,
  ];
  return [
    post(DETECT, 'image/jpeg', picture, access),
    post(DETECT, 'image/jpeg', damaged, access),
    post(DETECT, 'image/jpeg', Buffer.from(MARK), access),
    post(`${DETECT}?${MARK}=${MARK}`, 'image/jpeg', picture, access),
    post(`${DETECT}?fields=${MARK}&max_faces=${MARK}`, 'image/jpeg', picture, access),
    json(DETECT, { image_base64: base64 }),
    json(DETECT, { image_base64: MARK, fields: [MARK], [MARK]: MARK }),
    json(COMPARE, { image1_base64: base64, image2_base64: base64 }),
    json(BATCH, { requests: [{ image_base64: base64 }, { image_url: urls[0] }, { [MARK]: 1 }] }),
    post(DETECT, 'application/json', `{"${MARK}": ${MARK}`, access),
    post(DETECT, `text/${MARK}`, MARK, access),
    post(
      DETECT,
      'multipart/form-data; boundary=b',
      `--b\r\nContent-Disposition: form-data; name="${MARK}"; filename="${MARK}"\r\n\r\n${MARK}\r\n--b--\r\n`,
      access,
    ),
    post(DETECT, 'application/json', '{}', { 'X-API-Key': `${KEY}wrong` }),
    post(DETECT, 'application/json', '{}', { Authorization: `Bearer ${MARK}` }),
    post(DETECT, 'application/json', '{}', {
      ...access,
      Cookie: MARK,
      'User-Agent': MARK,
      Referer: `http://x/${MARK}`,
      'X-Forwarded-For': MARK,
      tracestate: `a=${MARK}`,
      baggage: `a=${MARK}`,
    }),
    [head('GET', `/${MARK}/path?${MARK}`, access)],
    [head(MARK.toUpperCase(), '/', access)],
    [{ text: `GET /${MARK} HTTP/9.9\r\n${MARK}\r\n\r\n` }],
    ...urls.map((image_url) => json(DETECT, { image_url })),
  ];
}

function run({ format }: LogFormat): Promise<Outcome> {
  return withFolder(async (folder) => {
    let written = '';
    let traced = '';
    const collector = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => (traced += chunk.toString('latin1')));
      request.on('end', () => response.end());
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const address = collector.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const settings = {
      LOG_LEVEL: 'verbose',
      LOG_FORMAT: format,
      TMPDIR: folder,
      API_KEYS: `caller:${createHash('sha256').update(KEY).digest('hex')}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      INFERENCE_MAX_WORKERS: '1',
    };
    const subject = await Subject.start(settings, {
      warmUps: 0,
      key: KEY,
      onOutput: (text) => (written += text),
    });
    const statuses: number[] = [];
    const numbers: string[] = [];
    const left = new Set<string>();
    try {
      for (const steps of await requests()) {
        const sent = exchange(subject.url, { steps, leaveAfterMs: 4_000 }, 4_000);
        for (const name of readdirSync(folder)) left.add(name);
        const [{ answers }] = await sent;
        statuses.push(answers[0]?.status ?? 0);
        const feature = /"feature":\[(-?[\d.e-]{6,})/.exec(answers[0]?.body.toString() ?? '')?.[1];
        if (feature !== undefined) numbers.push(feature);
      }
      const [{ answers }] = await exchange(
        subject.url,
        { steps: [head('GET', '/metrics', { 'X-API-Key': KEY })] },
        4_000,
      );
      // Traces are sent in batches, every few seconds.
      await sleep(6_000);
      const outputs = {
        log: written,
        metrics: answers[0]?.body.toString() ?? '',
        traces: traced,
        'temporary files': contents(folder),
      };
      const faults = Object.entries(outputs).flatMap(([output, text]) =>
        found(output, text, [MARK, ...numbers]),
      );
      if (numbers.length === 0) faults.push('no embedding was returned, so none could be searched for');
      if (traced === '') faults.push('no trace arrived, so none could be searched');
      if (left.size > 0) faults.push(`temporary files: ${[...left].join()}`);
      return { statuses, faults };
    } finally {
      await subject.kill();
      collector.close();
    }
  });
}

function found(output: string, text: string, secrets: readonly string[]): string[] {
  return secrets
    .map((secret) => text.toLowerCase().indexOf(secret.toLowerCase()))
    .filter((at) => at !== -1)
    .map(
      (at) =>
        `input of a caller is in the ${output}: ${JSON.stringify(text.slice(Math.max(0, at - 150), at + 80))}`,
    );
}

function contents(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('\n');
}
