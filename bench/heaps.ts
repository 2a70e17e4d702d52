/**
 * What letting V8's heaps grow (src/inference/heaps.ts, ADR 14) saves: CPU time a request with and without it, in turn.
 * `npm run bench:heaps`
 */
import { Client } from './client.js';
import { payload } from './payload.js';
import { face } from './pictures.js';
import { startService } from './server-process.js';
import { median } from './statistics.js';

const ROUNDS = 3;
/** Requests under way at a time: enough for two workers. */
const CALLERS = 4;
const WORKERS = '2';
const WARM_UP = 20;

/** Preloaded into the service, it leaves V8 as it is. */
const WITHOUT_FLAGS = `data:text/javascript,${encodeURIComponent(
  "import v8 from 'node:v8'; import { syncBuiltinESMExports } from 'node:module'; v8.setFlagsFromString = () => undefined; syncBuiltinESMExports();",
)}`;
/** Options of Node.js for the service. */
const CHOICES = { 'as V8 does': `--import ${WITHOUT_FLAGS}`, 'heaps may grow': '' };
type Choice = keyof typeof CHOICES;

const [small, large] = [{ jpeg: await face(640, 480) }, { jpeg: await face(4000, 3000) }];
const LOADS = [
  { name: '640×480, raw', body: payload(small, 'raw'), requests: 400 },
  { name: '640×480, base64', body: payload(small, 'base64'), requests: 400 },
  { name: '4000×3000, raw', body: payload(large, 'raw'), requests: 80 },
  { name: '4000×3000, base64', body: payload(large, 'base64'), requests: 80 },
];

/** For each load and choice, CPU milliseconds a request in each round; and the highest resident memory. */
const cpu = new Map<string, number[]>();
const memory = new Map<Choice, number[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const choice of Object.keys(CHOICES) as Choice[]) await measure(choice);
}
const [before, after] = Object.keys(CHOICES) as [Choice, Choice];
for (const { name } of LOADS)
  report(name, 'ms of CPU time a request', cpu.get(name + before), cpu.get(name + after));
report('highest memory', 'MiB', memory.get(before), memory.get(after));

async function measure(choice: Choice): Promise<void> {
  const service = await startService({
    NODE_OPTIONS: CHOICES[choice],
    INFERENCE_MIN_WORKERS: WORKERS,
    INFERENCE_MAX_WORKERS: WORKERS,
  });
  const client = new Client(service.url);
  try {
    for (const { name, body, requests } of LOADS) {
      await send(client, body, WARM_UP);
      const { cpuMs } = await service.usage();
      await send(client, body, requests);
      note(cpu, name + choice, ((await service.usage()).cpuMs - cpuMs) / requests);
    }
    note(memory, choice, (await service.usage()).peakRssMiB);
  } finally {
    client.close();
    await service.stop();
  }
}

async function send(client: Client, body: ReturnType<typeof payload>, requests: number): Promise<void> {
  let left = requests;
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const { status, text } = await client.post(body);
      if (status !== 200) throw new Error(`${status}: ${text()}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

function note<K>(figures: Map<K, number[]>, key: K, figure: number): void {
  figures.set(key, [...(figures.get(key) ?? []), figure]);
}

function report(name: string, unit: string, without: number[] = [], withFlags: number[] = []): void {
  const [a, b] = [median(without), median(withFlags)];
  console.log(`${name}: ${a.toFixed(1)} → ${b.toFixed(1)} ${unit}, ratio ${(b / a).toFixed(2)}`);
}
