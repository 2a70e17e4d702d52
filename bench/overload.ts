/** Benchmark of overload: the latency of accepted, refused and health requests at four times the load that the service can take. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../src/config/config.js';
import type { Benchmark, BenchmarkContext, Report } from './benchmark.js';
import { Client } from './client.js';
import { figure } from './figure.js';
import { openLoop } from './open-loop.js';
import { payload } from './payload.js';
import { measure, warmService, windowFor } from './speed.js';
import { medians, quantile } from './statistics.js';

const TIMES_CAPACITY = 4;
/** Enough callers to keep all workers busy. */
const SATURATING = 8;
const { inferenceMaxQueue: QUEUE } = new Config();
const HEALTH_EVERY_MS = 50;

/** Medians over all rounds. Times are in milliseconds. */
export interface OverloadResult {
  readonly picture: string;
  readonly rounds: number;
  /** Requests per second of a saturating closed loop, measured right before. */
  readonly peakPerSecond: number;
  readonly offeredPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly acceptedOfPeak: number;
  /** CPU cores used by the service at the peak and under overload, when the sending process uses more of them. */
  readonly peakCores: number;
  readonly cores: number;
  readonly acceptedP50Ms: number;
  readonly acceptedP99Ms: number;
  /** Share of the requests that were refused with 503. */
  readonly refused: number;
  /** Share of the refusals with a Retry-After header. */
  readonly refusedWithRetryAfter: number;
  readonly refusedP99Ms: number;
  /** Requests that ended in any way other than 200 or 503. */
  readonly failed: number;
  readonly healthP50Ms: number;
  readonly healthP99Ms: number;
  /** Time from the end of the load to the last answer. */
  readonly drainMs: number;
  /** Delay of the service's event loop under the saturating closed loop, and under overload. */
  readonly saturatedEventLoopP99Ms: number;
  readonly eventLoopP99Ms: number;
}

type Round = Omit<OverloadResult, 'picture' | 'rounds'>;

export const OVERLOAD: Benchmark<OverloadResult> = { name: 'overload', title: 'Overload', run, report };

async function run({ pictures: [picture], quick, say }: BenchmarkContext): Promise<OverloadResult> {
  const service = await warmService();
  const client = new Client(service.url);
  const body = payload(picture, 'raw');
  const rounds: Round[] = [];
  try {
    for (let number = 1; number <= (quick ? 2 : 3); number++) {
      say(`round ${number}: peak`);
      const peak = await measure(service, client, body, SATURATING, windowFor(SATURATING, quick));
      const saturated = (await service.usage()).eventLoop;
      // Long enough to fill the queue and to answer it twice over, however slow the machine is.
      const seconds = Math.max(quick ? 5 : 15, (2.5 * QUEUE) / peak.requestsPerSecond);
      say(`round ${number}: ${TIMES_CAPACITY} times as much for ${seconds.toFixed(0)} seconds`);
      const offered = TIMES_CAPACITY * peak.requestsPerSecond;
      const health = watchHealth(service.url);
      const [began, before] = [performance.now(), await service.usage()];
      const answers = await openLoop(client, body, offered, seconds);
      const { eventLoop, cpuMs } = await service.usage();
      const cores = (cpuMs - before.cpuMs) / (performance.now() - began);
      const healthMs = await health.stop();
      rounds.push({
        ...judge(answers, peak.requestsPerSecond, seconds),
        offeredPerSecond: offered,
        peakCores: peak.serviceCores,
        cores,
        healthP50Ms: quantile(healthMs, 0.5),
        healthP99Ms: quantile(healthMs, 0.99),
        saturatedEventLoopP99Ms: saturated.p99Ms,
        eventLoopP99Ms: eventLoop.p99Ms,
      });
    }
  } finally {
    client.close();
    await service.stop();
  }
  return { picture: picture.name, rounds: rounds.length, ...medians(rounds) };
}

function judge(answers: Awaited<ReturnType<typeof openLoop>>, peakPerSecond: number, seconds: number) {
  const accepted = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 503);
  // Only the time from the first refusal to the end of the load counts.
  const from = Math.min(...refused.map(({ answeredAt }) => answeredAt));
  const settled = accepted.filter(({ answeredAt }) => answeredAt >= from && answeredAt < seconds * 1000);
  const acceptedPerSecond = settled.length / (seconds - from / 1000);
  const times = accepted.map(({ ms }) => ms);
  return {
    peakPerSecond,
    acceptedPerSecond,
    acceptedOfPeak: acceptedPerSecond / peakPerSecond,
    acceptedP50Ms: quantile(times, 0.5),
    acceptedP99Ms: quantile(times, 0.99),
    refused: refused.length / answers.length,
    refusedWithRetryAfter:
      refused.filter(({ retryAfter }) => retryAfter !== undefined).length / refused.length,
    refusedP99Ms: quantile(
      refused.map(({ ms }) => ms),
      0.99,
    ),
    failed: answers.length - accepted.length - refused.length,
    drainMs: Math.max(...answers.map(({ answeredAt }) => answeredAt)) - seconds * 1000,
  };
}

/** Polls the health of the service, as a load balancer does. */
function watchHealth(url: string): { stop: () => Promise<number[]> } {
  const client = new Client(url);
  const times: number[] = [];
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const { status, ms } = await client.get('/-/healthz');
      times.push(status === 200 ? ms : Infinity);
      await sleep(HEALTH_EVERY_MS);
    }
  };
  const watching = watch();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      client.close();
      return times;
    },
  };
}

function report(result: OverloadResult): Report {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const ms = (value: number): string => `${figure(value)} ms`;
  return {
    tables: [
      {
        title: `${TIMES_CAPACITY} times the peak of ${result.picture}`,
        head: ['figure', 'value'],
        rows: [
          [`peak (closed loop, ${SATURATING} at a time)`, `${figure(result.peakPerSecond)}/s`],
          ['offered (open loop, Poisson)', `${figure(result.offeredPerSecond)}/s`],
          ['accepted', `${figure(result.acceptedPerSecond)}/s`],
          ['accepted ÷ peak', percent(result.acceptedOfPeak)],
          ['cores used at the peak, under overload', `${figure(result.peakCores)}, ${figure(result.cores)}`],
          [
            'accepted ÷ peak, per core used',
            percent((result.acceptedOfPeak * result.peakCores) / result.cores),
          ],
          ['accepted p50, p99', `${ms(result.acceptedP50Ms)}, ${ms(result.acceptedP99Ms)}`],
          ['refused with 503', percent(result.refused)],
          ['of these, with Retry-After', percent(result.refusedWithRetryAfter)],
          ['refusal p99', ms(result.refusedP99Ms)],
          ['ended otherwise', String(result.failed)],
          ['health p50, p99', `${ms(result.healthP50Ms)}, ${ms(result.healthP99Ms)}`],
          ['from the end of the load to the last answer', ms(result.drainMs)],
          ['event loop delay p99 at the peak', ms(result.saturatedEventLoopP99Ms)],
          ['event loop delay p99 under overload', ms(result.eventLoopP99Ms)],
        ],
      },
    ],
    plots: [],
    notes: [
      `Medians of ${result.rounds} rounds. The process that sends the requests runs on the same cores; under overload it needs many of them.`,
    ],
  };
}
