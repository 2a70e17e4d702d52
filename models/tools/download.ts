/**
 * Downloads one file over HTTP(S) with npm's own HTTP client and settings (proxy, certificates), and resumes it where
 * it was cut off. The received part is a folder of two files, so that one rename keeps it for another run.
 */
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fetch from 'make-fetch-happen';
import { AppError } from '../../src/errors.js';
import { explainDownload } from './failures.js';
import type { NpmSettings } from './npm-settings.js';
import { STATE } from './partial.js';
import type { Progress } from './progress.js';

/** The most bytes that are accepted where the size is not known. */
const MAX_BYTES = 2 * 1024 ** 3;
const BODY = 'body';

/** What is known about a download that has begun. */
interface State {
  readonly url: string;
  /** ETag or date that shows whether the file is still the same; without one, the download cannot be resumed. */
  readonly validator: string;
  readonly total: number;
}

/** What to download, and how. */
export interface DownloadJob {
  readonly url: string;
  /** Size in bytes, where it is known beforehand. */
  readonly bytes?: number;
  /** What states this size; default: pack.json. */
  readonly expectedBy?: string;
  readonly settings: NpmSettings;
  readonly progress: Progress;
}

/**
 * Downloads into `folder`. Gives up after as many attempts without progress as npm's `fetch-retries` says.
 * @returns path of the file
 * @throws AppError `pack_unavailable` with a sentence that says what to do
 */
export async function download(folder: string, job: DownloadJob): Promise<string> {
  const { retries = 2, factor = 2, minTimeout = 1_000, maxTimeout = 5_000 } = job.settings.retry ?? {};
  const body = join(folder, BODY);
  await mkdir(folder, { recursive: true });
  if (readState(folder, job.url) === undefined) await restart(folder);
  let furthest = await sizeOf(body);
  for (let failures = 0; ; failures++) {
    try {
      await attempt(folder, job);
      return body;
    } catch (error) {
      if (error instanceof AppError) throw error;
      const size = await sizeOf(body);
      if (size > furthest) [furthest, failures] = [size, 0];
      if (failures >= retries) throw explainDownload(error, job.url);
      await sleep(Math.min(maxTimeout, minTimeout * factor ** failures));
    }
  }
}

async function attempt(
  folder: string,
  { url, bytes, expectedBy = 'pack.json', settings, progress }: DownloadJob,
): Promise<void> {
  const body = join(folder, BODY);
  const state = readState(folder, url);
  const have = state === undefined ? 0 : await sizeOf(body);
  if (state !== undefined && have === state.total) return;

  const watchdog = new Watchdog(settings.timeout);
  try {
    const headers = { 'accept-encoding': 'identity', ...(state && have > 0 && rangeOf(state, have)) };
    const response = await fetch(url, {
      ...settings,
      headers,
      retry: { retries: 0 },
      cachePath: undefined,
      compress: false,
      signal: watchdog.signal,
    });
    if (url.startsWith('https:') && !response.url.startsWith('https:'))
      throw refusal(url, 'leads to an address without encryption');
    if (response.status === 416 || (response.status === 206 && !continues(response.headers, state, have))) {
      await restart(folder);
      throw new Error(`the server no longer offers what it offered before (status ${response.status})`);
    }
    if (response.status !== 200 && response.status !== 206) throw statusError(url, response.status);

    const start = response.status === 206 ? have : 0;
    const length = response.headers.get('content-length');
    const total = length === null ? undefined : start + Number(length);
    if (bytes !== undefined && total !== undefined && total !== bytes)
      throw refusal(
        url,
        `offers ${total} bytes where ${expectedBy} expects ${bytes}: it is another file, or a page`,
      );
    if ((total ?? 0) > MAX_BYTES)
      throw refusal(url, `offers ${total} bytes, which is more than any pack has`);
    if (start === 0) await restart(folder);
    await writeState(folder, url, response.headers, total);
    progress.restart(start, total ?? bytes);

    const limit = bytes ?? total ?? MAX_BYTES;
    let received = start;
    const file = createWriteStream(body, { flags: 'a' });
    try {
      for await (const chunk of response.body) {
        watchdog.feed();
        received += chunk.length;
        if (received > limit) throw refusal(url, `sends more than the ${limit} bytes that were expected`);
        progress.add(chunk.length);
        await written(file, chunk);
      }
    } finally {
      await new Promise((resolve) => file.end(resolve));
    }
    const expected = total ?? bytes;
    if (expected !== undefined && received !== expected)
      throw new Error(`the connection ended after ${received} of ${expected} bytes`);
  } finally {
    watchdog.stop();
  }
}

/** Aborts when nothing arrives for a while. */
class Watchdog {
  private readonly controller = new AbortController();
  private timer?: NodeJS.Timeout;
  readonly signal = this.controller.signal;

  constructor(private readonly timeoutMs: number) {
    this.feed();
  }

  feed(): void {
    this.stop();
    if (this.timeoutMs > 0) this.timer = setTimeout(() => this.controller.abort(), this.timeoutMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

type Headers = Awaited<ReturnType<typeof fetch>>['headers'];

function rangeOf({ validator }: State, have: number): Record<string, string> {
  return { range: `bytes=${have}-`, 'if-range': validator };
}

/** Whether a partial answer continues the received part; some servers send another part, or part of another file. */
function continues(headers: Headers, state: State | undefined, have: number): boolean {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  return (
    state !== undefined &&
    Number(first) === have &&
    Number(total) === state.total &&
    (validatorOf(headers) ?? state.validator) === state.validator
  );
}

/** A strong ETag, or else the date of the last change; RFC 9110 does not allow weak ETags for combining parts. */
function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  return etag !== null && !etag.startsWith('W/') ? etag : (headers.get('last-modified') ?? undefined);
}

async function writeState(folder: string, url: string, headers: Headers, total?: number): Promise<void> {
  const validator = validatorOf(headers);
  if (validator === undefined || total === undefined) return;
  await writeFile(join(folder, STATE), JSON.stringify({ url, validator, total } satisfies State));
}

function readState(folder: string, url: string): State | undefined {
  try {
    const state = JSON.parse(readFileSync(join(folder, STATE), 'utf8')) as State;
    return state.url === url ? state : undefined;
  } catch {
    // Missing, or cut off itself: the download starts over.
    return undefined;
  }
}

async function restart(folder: string): Promise<void> {
  await rm(join(folder, STATE), { force: true });
  await rm(join(folder, BODY), { force: true });
}

function written(file: NodeJS.WritableStream, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    file.once('error', reject);
    file.write(chunk, (error) => {
      file.off('error', reject);
      if (error == null) resolve();
      else reject(error);
    });
  });
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function refusal(url: string, what: string): AppError {
  return new AppError(
    'pack_unavailable',
    `${new URL(url).host} ${what}. Try another address with \`--from\`.`,
  );
}

/** An ordinary error, which is retried, for a status that may change with another attempt. */
function statusError(url: string, status: number): Error {
  if (status >= 500 || status === 408 || status === 429) return new Error(`status ${status}`);
  return refusal(url, `answers with status ${status} for ${new URL(url).pathname}`);
}
