/** Benchmark: the service against the limit of the machine, alternately and in short rounds, so that both see the same noise. */
import { availableCpus } from '../src/config/available-cpus.js';
import type { BenchmarkContext } from './benchmark.js';
import { Client } from './client.js';
import { closedLoop, type Window } from './closed-loop.js';
import { Limit } from './limit.js';
import { type Encoding, payload } from './payload.js';
import type { Picture } from './pictures.js';
import type { Usage } from './probe.js';
import { type ServerProcess, startService } from './server-process.js';
import { type SingleResult, single } from './single.js';
import { medians, quantile } from './statistics.js';

/** Medians over all rounds of one picture in one encoding at one concurrency. */
export interface SpeedCell {
  readonly picture: string;
  readonly encoding: Encoding;
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** CPU cores used by the service and by the process that sends the requests. */
  readonly serviceCores: number;
  readonly clientCores: number;
  readonly rssMiB: number;
  /** Pictures per second of the limit in the same rounds. */
  readonly limitPerSecond: number;
  /** Median of the rounds' service ÷ limit. */
  readonly ofLimit: number;
}

/** The figures. */
export interface SpeedResult {
  readonly rounds: number;
  readonly cores: number;
  readonly cells: readonly SpeedCell[];
  /** One request at a time. */
  readonly single: readonly SingleResult[];
}

type Round = Omit<SpeedCell, 'picture' | 'encoding' | 'concurrency'>;

/** Measures every picture in every encoding at every concurrency. */
export async function runSpeed({
  pictures,
  encodings,
  concurrencies,
  quick,
  say,
}: BenchmarkContext): Promise<SpeedResult> {
  const rounds = quick ? 2 : 5;
  const limit = await Limit.start(pictures);
  const service = await warmService();
  const client = new Client(service.url);
  try {
    for (const picture of pictures) await assertFaces(client, picture);
    const plan = pictures.flatMap((picture) =>
      encodings.flatMap((encoding) =>
        concurrencies.map((concurrency) => ({ picture, encoding, concurrency, rounds: [] as Round[] })),
      ),
    );
    for (let number = 1; number <= rounds; number++) {
      for (const { picture, encoding, concurrency, rounds: done } of plan) {
        say(`round ${number} of ${rounds}: ${picture.name}, ${encoding}, ${concurrency} at a time`);
        const limitPerSecond = await limit.picturesPerSecond(picture.name, quick ? 500 : 1200);
        const window = windowFor(concurrency, quick);
        const load = measure(service, client, payload(picture, encoding), concurrency, window);
        done.push(await load.then((result) => ({ ...result, ...against(result, limitPerSecond) })));
      }
    }
    // This comes last, when all hot code of the service has been compiled.
    const singles: SingleResult[] = [];
    for (const picture of pictures) {
      say(`${picture.name}: one request at a time`);
      singles.push(await single(client, limit, picture, quick ? 30 : 200));
    }
    const cells = plan.map(({ picture, rounds: done, ...cell }) => ({
      ...cell,
      picture: picture.name,
      ...medians(done),
    }));
    return { rounds, cores: availableCpus(), cells, single: singles };
  } finally {
    client.close();
    await service.stop();
    await limit.stop();
  }
}

/** Starts a service with all of its workers, so that no measurement includes the start of one. */
export function warmService(
  workers = availableCpus(),
  environment: Record<string, string> = {},
): Promise<ServerProcess> {
  return startService({
    INFERENCE_MIN_WORKERS: String(workers),
    INFERENCE_MAX_WORKERS: String(workers),
    ...environment,
  });
}

/** A window in which every caller gets at least two answers. */
export function windowFor(concurrency: number, quick: boolean): Window {
  return { warmUpMs: quick ? 300 : 500, windowMs: quick ? 600 : 1500, answers: 10 + 2 * concurrency };
}

/** Loads the service and measures the resources it uses. */
export async function measure(
  service: ServerProcess,
  client: Client,
  body: ReturnType<typeof payload>,
  concurrency: number,
  window: Window,
): Promise<Omit<Round, 'limitPerSecond' | 'ofLimit'>> {
  const readings: { at: number; usage: Usage; own: NodeJS.CpuUsage }[] = [];
  const { requestsPerSecond, answers } = await closedLoop(client, body, concurrency, window, async () => {
    readings.push({ at: performance.now(), usage: await service.usage(), own: process.cpuUsage() });
  });
  const [opened, closed] = readings;
  const ms = closed.at - opened.at;
  const own = closed.own.user + closed.own.system - opened.own.user - opened.own.system;
  const times = answers.map((answer) => answer.ms);
  return {
    requestsPerSecond,
    p50Ms: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    p99Ms: quantile(times, 0.99),
    serviceCores: (closed.usage.cpuMs - opened.usage.cpuMs) / ms,
    clientCores: own / 1000 / ms,
    rssMiB: closed.usage.rssMiB,
  };
}

function against(
  { requestsPerSecond }: { requestsPerSecond: number },
  limitPerSecond: number,
): Pick<Round, 'limitPerSecond' | 'ofLimit'> {
  return { limitPerSecond, ofLimit: requestsPerSecond / limitPerSecond };
}

/** Makes sure that the service does the work that is to be measured. */
async function assertFaces(client: Client, picture: Picture): Promise<void> {
  const answer = await client.post(payload(picture, 'raw'));
  if (answer.status !== 200) throw new Error(`${picture.name}: answered ${answer.status}: ${answer.text()}`);
  const { faces } = JSON.parse(answer.text()) as { faces: unknown[] };
  if (faces.length !== picture.faces)
    throw new Error(`${picture.name} should show ${picture.faces} faces, not ${faces.length}.`);
}
