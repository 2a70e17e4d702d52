/**
 * Whether embeddings of the 8-bit recognition graph and of the one in floats can be compared, as happens where CPUs and
 * GPUs answer side by side: LFW pairs with both photos by one graph, and with one photo by each.
 * `node dist/evaluation/forms-study.js --data ../shared/data/lfw`
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/config.js';
import { cosineSimilarity } from '../src/recognition/similarity.js';
import { readCsv, sample } from './data.js';
import { Engine } from './engine.js';
import { percent } from './evaluation.js';
import { embedAll } from './lfw.evaluation.js';
import { atFalsePositiveRate, crossValidate, mean, quantile } from './metrics.js';
import { startProgress } from './progress.js';

type Embeddings = ReadonlyMap<string, Float32Array>;

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/lfw' },
    limit: { type: 'string', default: 'Infinity' },
  },
});
const pairs = sample(await readCsv(join(values.data, 'pairs.csv')), Number(values.limit));
const names = [...new Set(pairs.flatMap(({ image1, image2 }) => [image1, image2]))];

/** The pack without the 8-bit recognition graph that a CPU would run. */
async function floatPack(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forms-study-'));
  const { modelsDir, modelPack } = loadConfig();
  await cp(join(modelsDir, modelPack), join(folder, modelPack), { recursive: true });
  const manifest = join(folder, modelPack, 'pack.json');
  const pack = JSON.parse(await readFile(manifest, 'utf8')) as { models: { recognition: object } };
  pack.models.recognition = { ...pack.models.recognition, onCpu: undefined };
  await writeFile(manifest, JSON.stringify(pack));
  return folder;
}

async function embed(engine: Engine): Promise<Embeddings> {
  const progress = (label: string, total: number) => startProgress(process.stderr, label, total);
  const { embeddings } = await embedAll({ engine, folder: values.data, progress }, names);
  await engine.close();
  return embeddings;
}

function row(label: string, first: Embeddings, second: Embeddings): string {
  const scored = pairs.flatMap(({ image1, image2, same, fold }) => {
    const [a, b] = [first.get(image1), second.get(image2)];
    return a && b ? [{ score: cosineSimilarity(a, b), positive: same === '1', fold }] : [];
  });
  const { truePositiveRate } = atFalsePositiveRate(scored, 0.001);
  return `${label} | ${scored.length} | ${percent(mean(crossValidate(scored)))} | ${percent(truePositiveRate)}`;
}

const models = await floatPack();
const floats = await embed(await Engine.start({ modelsDir: models }));
await rm(models, { recursive: true });
const whole = await embed(await Engine.start());

console.log('photo 1, photo 2 | pairs | accuracy | true accepts at false accepts ≤ 1e-3');
console.log(row('floats, floats', floats, floats));
console.log(row('8 bits, 8 bits', whole, whole));
console.log(row('8 bits, floats', whole, floats));
const cosines = names.flatMap((name) => {
  const [a, b] = [whole.get(name), floats.get(name)];
  return a && b ? [cosineSimilarity(a, b)] : [];
});
console.log(
  `One photo by both: similarity ${mean(cosines).toFixed(4)} on average, ${quantile(cosines, 0.01).toFixed(4)} for the lowest hundredth.`,
);
