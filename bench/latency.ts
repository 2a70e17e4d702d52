/**
 * How long one picture takes, against the models alone: `npm run bench:latency`.
 *
 * One 640×480 JPEG with one face goes to the service as a raw body with all outputs; in turn with each request, this
 * process runs the same graphs on ready-made tensors of the same shapes. The ratio of the medians is what counts.
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { Config } from '../src/config/config.js';
import * as liveness from '../src/attributes/liveness.head.js';
import * as pose from '../src/attributes/pose.head.js';
import * as landmarks68 from '../src/detection/landmarks68.js';
import * as ultraface from '../src/detection/ultraface.js';
import { loadPack } from '../src/packs/load-pack.js';
import type { ModelFile } from '../src/packs/pack.js';
import * as recognition from '../src/recognition/recognition.service.js';
import { type Model, SessionManager, type Signature } from '../src/sessions/session-manager.service.js';
import { zeros } from '../src/vision/tensor.js';
import { oneFace } from './pictures.js';
import { startService } from './service-process.js';

const WARM_UP = 20;
const ROUNDS = 200;
const TARGET = 1.5;

/** Every model run that one face at 640×480 costs. */
async function modelRuns(config: Config): Promise<{ name: string; run: () => Promise<unknown> }[]> {
  const sessions = new SessionManager(config);
  const { folder, models } = loadPack(config);
  const open = ({ file }: ModelFile, signature: Signature): Promise<Model> =>
    sessions.open(join(folder, file), signature);
  const run = (name: string, model: Model, ...shape: number[]) => {
    const input = zeros(...shape);
    input.data.forEach((_, index) => (input.data[index] = Math.sin(index)));
    return { name: `${name} ${shape.join('×')}`, run: () => model.run(input) };
  };
  const detector = await open(models.detector, ultraface.SIGNATURE);
  const list = models.detector.sizes.map((size) => run('detector', detector, 1, 3, (size * 3) / 4, size));
  if (models.landmarks)
    list.push(run('landmarks', await open(models.landmarks, landmarks68.SIGNATURE), 1, 1, 64, 64));
  list.push(run('recognition', await open(models.recognition, recognition.SIGNATURE), 1, 3, 112, 112));
  if (models.pose) list.push(run('pose', await open(models.pose, pose.SIGNATURE), 1, 3, 224, 224));
  if (models.liveness)
    list.push(run('liveness', await open(models.liveness, liveness.SIGNATURE), 1, 3, 128, 128));
  return list;
}

const agent = new Agent({ keepAlive: true });

/** Sends a picture over a connection that stays open, as a busy caller does. */
function detect(url: string, body: Buffer): Promise<{ text: string; timings: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'image/jpeg', 'content-length': body.length };
    request(`${url}/v1/models/insightface:detect`, { agent, method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ text, timings: String(response.headers['server-timing']) });
      });
    })
      .on('error', reject)
      .end(body);
  });
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const config = new Config();
const runs = await modelRuns(config);
const body = await oneFace();
const service = await startService();
const requestTimes: number[] = [];
const stages = new Map<string, number[]>();
const modelTimes = runs.map((): number[] => []);
try {
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const sent = performance.now();
    const { text, timings } = await detect(service.url, body);
    const took = performance.now() - sent;
    const { faces } = JSON.parse(text) as { faces: unknown[] };
    if (faces.length !== 1) throw new Error(`The picture should show one face, not ${faces.length}.`);
    if (round >= 0) requestTimes.push(took);
    for (const [, name, ms] of timings.matchAll(/(\w+);dur=([\d.]+)/g)) {
      stages.set(name, [...(stages.get(name) ?? []), Number(ms)]);
    }
    for (const [index, { run }] of runs.entries()) {
      const start = performance.now();
      await run();
      if (round >= 0) modelTimes[index].push(performance.now() - start);
    }
  }
} finally {
  await service.stop();
}

const rounds = requestTimes.map((_, round) => modelTimes.reduce((sum, times) => sum + times[round], 0));
console.log(`Medians of ${ROUNDS} rounds, milliseconds:\n`);
for (const [index, { name }] of runs.entries())
  console.log(`  ${name.padEnd(30)} ${median(modelTimes[index]).toFixed(2)}`);
console.log(`  ${'models together'.padEnd(30)} ${median(rounds).toFixed(2)}\n`);
for (const [name, times] of stages) console.log(`  ${name.padEnd(30)} ${median(times).toFixed(2)}`);
console.log(`  ${'request'.padEnd(30)} ${median(requestTimes).toFixed(2)}\n`);
const ratio = median(requestTimes.map((time, round) => time / rounds[round]));
console.log(`request ÷ models: ${ratio.toFixed(2)} (target: at most ${TARGET})`);
process.exit(ratio <= TARGET ? 0 : 1);
