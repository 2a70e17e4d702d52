/**
 * From which size on more pixels of a face no longer change the embedding: compares faces of photos with the same faces
 * in shrunk copies, by their width in the copy. `node dist/evaluation/face-size-study.js --limit 150`
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { cosineSimilarity } from '../src/recognition/similarity.js';
import { type Box, iou } from '../src/vision/box.js';
import type { AnalysisOptions } from '../src/worker/protocol.js';
import { sample } from './data.js';
import { Engine } from './engine.js';

const OPTIONS: AnalysisOptions = { landmarks: true, embedding: true, attributes: [] };
const TIMES = [1.5, 2, 3, 4];
const STEP = 16;

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data' }, limit: { type: 'string', default: '150' } },
});

interface Group {
  lost: number;
  readonly cosines: number[];
}

const side = ({ x1, y1, x2, y2 }: Box): number => Math.min(x2 - x1, y2 - y1);
const groups = new Map<number, Group>();
const engine = await Engine.start();
for (const set of ['detection', 'lfw']) {
  const folder = join(values.data, set, 'images');
  for (const name of sample(await readdir(folder), Number(values.limit))) {
    const bytes = await readFile(join(folder, name));
    const whole = await engine.decode(bytes);
    const { width, height } = whole;
    const known = await engine.analyze(whole, OPTIONS);
    for (const times of TIMES) {
      const size = { width: Math.round(width / times), height: Math.round(height / times) };
      const png = await sharp(await engine.decode(bytes).then(({ data }) => Buffer.from(data)), {
        raw: { width, height, channels: 3 },
      })
        .resize({ ...size, fit: 'fill' })
        .png()
        .toBuffer();
      const found = (await engine.analyze(png, OPTIONS)).map(({ box, embedding }) => ({
        box: { x1: box.x1 * times, y1: box.y1 * times, x2: box.x2 * times, y2: box.y2 * times },
        embedding,
      }));
      for (const { box, embedding } of known) {
        const group = groups.get(Math.floor(side(box) / times / STEP)) ?? { lost: 0, cosines: [] };
        groups.set(Math.floor(side(box) / times / STEP), group);
        const same = found.find((one) => iou(one.box, box) > 0.5);
        if (same?.embedding === undefined || embedding === undefined) group.lost++;
        else group.cosines.push(cosineSimilarity(embedding, same.embedding));
      }
    }
  }
}
await engine.close();

console.log('width in pixels | faces | not found | cosine to the whole photo: mean, lowest twentieth');
for (const [step, { lost, cosines }] of [...groups].sort(([a], [b]) => a - b)) {
  const sorted = [...cosines].sort((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  console.log(
    `${step * STEP} to ${step * STEP + STEP - 1} | ${lost + sorted.length} | ${lost} | ` +
      `${mean.toFixed(3)}, ${sorted[Math.floor(sorted.length / 20)]?.toFixed(3) ?? '-'}`,
  );
}
