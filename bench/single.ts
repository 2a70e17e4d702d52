/** Measures one request at a time: where its time goes, and how it compares with its models alone. */
import type { Client } from './client.js';
import type { Limit } from './limit.js';
import { payload } from './payload.js';
import type { Picture } from './pictures.js';
import { median, medians, sum } from './statistics.js';

/** The times of one request in milliseconds. */
export interface Sample {
  /** From sending the request to the last byte of the response. */
  readonly request: number;
  /** The stages that the service reports. */
  readonly stages: Readonly<Record<string, number>>;
}

/** The figures for one picture, sent as a raw body. */
export interface SingleResult {
  readonly picture: string;
  /** Median times in milliseconds. */
  readonly requestMs: number;
  readonly modelsMs: number;
  /** Median of the rounds' request ÷ models. */
  readonly ratio: number;
  /** Median of each stage and of each model run, in milliseconds. */
  readonly stages: Readonly<Record<string, number>>;
  readonly models: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
}

const WARM_UP = 5;

/** Sends the picture `rounds` times. After each request, one thread runs the picture's models. */
export async function single(
  client: Client,
  limit: Limit,
  picture: Picture,
  rounds: number,
): Promise<SingleResult> {
  const body = payload(picture, 'raw');
  const samples: Sample[] = [];
  const models: Readonly<Record<string, number>>[] = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    const { ms, timings = '' } = await client.post(body);
    const alone = await limit.modelTimes(picture.name);
    if (round < 0) continue;
    const stages = [...timings.matchAll(/(\w+);dur=([\d.]+)/g)].map(([, name, dur]) => [name, Number(dur)]);
    samples.push({ request: ms, stages: Object.fromEntries(stages) as Record<string, number> });
    models.push(alone);
  }
  const together = models.map((times) => sum(Object.values(times)));
  return {
    picture: picture.name,
    requestMs: median(samples.map(({ request }) => request)),
    modelsMs: median(together),
    ratio: median(samples.map(({ request }, index) => request / together[index])),
    stages: medians(samples.map(({ stages }) => stages)),
    models: medians(models),
    samples,
  };
}
