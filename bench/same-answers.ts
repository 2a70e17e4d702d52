/**
 * Shows that a change of the code changes no answer: sends the same requests to this checkout and to another one, and compares
 * the answers byte by byte. `npm run same-answers -- <other checkout, built> <folders of pictures>`
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { type ServerProcess, startServer } from './server-process.js';

const USAGE = `Usage: npm run same-answers -- <folder of another checkout> <folders of pictures> [--limit <n>]

Both checkouts must be built, with their models prepared. --limit: pictures of each folder, spread over it; default: all.
`;
const PICTURE = /\.(jpe?g|png|webp|avif|gif|tiff?|bmp)$/i;
/** Requests that are under way at a time. */
const LANES = 4;
/** Pictures of one batchDetect request. */
const BATCH = 4;
/** What a schema or a problem document says in words, which may change with the prose. */
const WORDS = new Set(['description', 'summary', 'title', 'detail', 'message']);

/** One request, sent to both. */
interface Probe {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

const { values, positionals } = parseArgs({
  options: { limit: { type: 'string', default: '0' } },
  allowPositionals: true,
});
const [other, ...folders] = positionals;
if (other === undefined || folders.length === 0) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const services = await Promise.all(['.', other].map(start));
try {
  const count = { detect: 0, compare: 0, batchDetect: 0 };
  const differing: string[] = [];
  let reworded = 0;
  const probes = probesOf(folders.flatMap((folder) => picturesIn(folder, Number(values.limit))));
  const lane = async (): Promise<void> => {
    for (const probe of probes) {
      const [ours, theirs] = await Promise.all(services.map((service) => send(service, probe)));
      if (ours !== theirs) {
        if (isDeepStrictEqual(withoutWords(JSON.parse(ours)), withoutWords(JSON.parse(theirs)))) reworded++;
        else differing.push(probe.name);
      }
      count[probe.path.split(':')[1] as keyof typeof count]++;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  for (const name of differing) console.log(`differs: ${name}`);
  const [ours, theirs] = await Promise.all(services.map(openApi));
  const words = ours === theirs ? 'and in its words' : 'but not in its words';
  const changed = differences(JSON.parse(ours), JSON.parse(theirs), '#');
  for (const path of changed) console.log(`OpenAPI differs: ${path}`);
  const { detect, compare, batchDetect } = count;
  console.log(
    `${detect} detect, ${compare} compare and ${batchDetect} batchDetect answers: ${differing.length} differ; ` +
      `${reworded} that tell of an error differ in their words alone.`,
  );
  console.log(
    `The OpenAPI document is ${changed.length > 0 ? 'another one' : `the same in its structure, ${words}`}.`,
  );
  if (differing.length > 0 || changed.length > 0) process.exitCode = 1;
} finally {
  await Promise.all(services.map((service) => service.stop()));
}

function start(root: string): Promise<ServerProcess> {
  return startServer(resolve(root, 'dist/src/main.js'), {
    HOST: '127.0.0.1',
    LOG_LEVEL: 'fatal',
    MODELS_DIR: resolve(root, 'models'),
  });
}

/** Paths of at most `limit` pictures, spread over the folder and those inside; 0: of all. */
function picturesIn(folder: string, limit: number): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const paths = names.filter((name) => PICTURE.test(name)).map((name) => join(folder, name));
  const step = limit === 0 ? 1 : Math.max(1, paths.length / limit);
  return paths.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

/** Each picture by itself, each with the next, and each few together. */
function* probesOf(paths: readonly string[]): Generator<Probe> {
  const base64 = (path: string): string => readFileSync(path).toString('base64');
  const json = (action: string, name: string, body: unknown): Probe => ({
    name: `${action} ${name}`,
    path: `/v1/models/insightface:${action}`,
    type: 'application/json',
    body: JSON.stringify(body),
  });
  for (const [index, path] of paths.entries()) {
    const bytes = new Uint8Array(readFileSync(path));
    yield { name: `detect ${path}`, path: '/v1/models/insightface:detect', type: 'image/*', body: bytes };
    if (index % 2 === 1) {
      const pair = { image1_base64: base64(paths[index - 1]), image2_base64: base64(path) };
      yield json('compare', path, pair);
    }
    if (index % BATCH === BATCH - 1) {
      const some = paths.slice(index - BATCH + 1, index + 1);
      yield json('batchDetect', path, { requests: some.map((one) => ({ image_base64: base64(one) })) });
    }
  }
}

/** The status and the body, as JSON. Both services are given the same request id, as it is part of problem documents. */
async function send({ url }: ServerProcess, { name, path, type, body }: Probe): Promise<string> {
  const headers = { 'content-type': type, 'x-request-id': name.replaceAll(/[^\w.:-]/g, '-').slice(-64) };
  const response = await fetch(url + path, { method: 'POST', headers, body });
  return `[${response.status},${await response.text()}]`;
}

async function openApi({ url }: ServerProcess): Promise<string> {
  return (await fetch(`${url}/docs-json`)).text();
}

function withoutWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutWords);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, held]) => !(WORDS.has(key) && typeof held === 'string'));
  return Object.fromEntries(kept.map(([key, held]) => [key, withoutWords(held)]));
}

/** JSON pointers to what two documents do not have in common, words aside. */
function differences(ours: unknown, theirs: unknown, path: string): string[] {
  if (isDeepStrictEqual(withoutWords(ours), withoutWords(theirs))) return [];
  if (!isRecord(ours) || !isRecord(theirs)) return [path];
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter(
    (name) => !WORDS.has(name),
  );
  return names.flatMap((name) =>
    differences(ours[name], theirs[name], `${path}/${name.replaceAll('/', '~1')}`),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
