/**
 * What analysing large pictures shrunk costs: the faces found and their embeddings, with and without shrinking, on
 * 4000×3000 pictures made from photos. `node dist/evaluation/large-study.js --limit 20`
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import sharp from 'sharp';
import { loadConfig } from '../src/config/config.js';
import { ConfigModule } from '../src/config/config.module.js';
import { PictureService } from '../src/faces/picture.service.js';
import { ImagesModule } from '../src/images/images.module.js';
import { PacksModule } from '../src/packs/packs.module.js';
import type { AnalysedFace, AnalysisOptions } from '../src/worker/protocol.js';
import { InferenceModule } from '../src/inference/inference.module.js';
import { cosineSimilarity } from '../src/recognition/similarity.js';
import { iou } from '../src/vision/box.js';
import { sample } from './data.js';

const WIDTH = 4000;
const HEIGHT = 3000;
const OPTIONS: Readonly<Record<string, AnalysisOptions>> = {
  'with embeddings': {
    landmarks: true,
    embedding: true,
    attributes: ['liveness', 'quality'],
    minConfidence: 0.5,
  },
  'boxes only': { landmarks: false, embedding: false, attributes: [], minConfidence: 0.5 },
};

const { values } = parseArgs({
  options: { data: { type: 'string', default: '../shared/data' }, limit: { type: 'string', default: '20' } },
});

/** A photo of any size in the middle of a large picture, its longer side `side` pixels long. */
async function enlarged(path: string, side: number): Promise<Uint8Array> {
  const photo = await sharp(await readFile(path))
    .autoOrient()
    .resize(side, side, { fit: 'inside' })
    .png()
    .toBuffer();
  const { width, height } = await sharp(photo).metadata();
  const input = height > HEIGHT ? await sharp(photo).resize({ height: HEIGHT }).png().toBuffer() : photo;
  return sharp({ create: { width: Math.max(WIDTH, width), height: HEIGHT, channels: 3, background: '#888' } })
    .composite([{ input, gravity: 'centre' }])
    .jpeg({ quality: 92 })
    .toBuffer();
}

async function start(workingSide: number): Promise<INestApplicationContext> {
  const config = { ...loadConfig(), imageWorkingSide: workingSide };
  @Module({
    imports: [ConfigModule.with(config), PacksModule, InferenceModule, ImagesModule],
    providers: [PictureService],
  })
  class Study {}
  return NestFactory.createApplicationContext(Study, { logger: ['fatal', 'error', 'warn'] });
}

function mean(numbers: readonly number[]): string {
  return (numbers.reduce((a, b) => a + b, 0) / numbers.length).toFixed(4);
}

const contexts = [await start(loadConfig().imageWorkingSide), await start(Infinity)];
const [shrinking, whole] = contexts.map((context) => context.get(PictureService));
const analyze = async (
  service: PictureService,
  bytes: Uint8Array,
  options: AnalysisOptions,
): Promise<{ faces: readonly AnalysedFace[]; ms: number }> => {
  const source = { kind: 'bytes', field: 'image', bytes } as const;
  const started = performance.now();
  const faces = await service.analyze(source, options, AbortSignal.timeout(600_000));
  return { faces, ms: performance.now() - started };
};

const limit = Number(values.limit);
const groups = join(values.data, 'detection/images');
const lfw = join(values.data, 'lfw/images');
const sets: [name: string, paths: string[], sides: number[]][] = [
  ['group photos', (await readdir(groups)).map((name) => join(groups, name)), [1000, 2000, 4000]],
  ['LFW', sample(await readdir(lfw), limit).map((name) => join(lfw, name)), [250, 500, 1000, 3000]],
];

console.log(
  'set, side of the photo, what is asked | whole finds | shrunk finds | in both | cosine: mean, least | liveness differs by | time',
);
for (const [set, paths, sides] of sets) {
  for (const side of sides) {
    for (const [asked, options] of Object.entries(OPTIONS)) {
      const count = { whole: 0, shrunk: 0, both: 0 };
      const cosines: number[] = [];
      const liveness: number[] = [];
      const ratios: number[] = [];
      for (const path of paths) {
        const bytes = await enlarged(path, side);
        const small = await analyze(shrinking, bytes, options);
        const large = await analyze(whole, bytes, options);
        count.whole += large.faces.length;
        count.shrunk += small.faces.length;
        ratios.push(small.ms / large.ms);
        for (const face of large.faces) {
          const same = small.faces.find(({ box }) => iou(box, face.box) > 0.5);
          if (same === undefined) continue;
          count.both++;
          if (face.embedding === undefined || same.embedding === undefined) continue;
          cosines.push(cosineSimilarity(face.embedding, same.embedding));
          liveness.push(Math.abs((face.attributes.liveness ?? 0) - (same.attributes.liveness ?? 0)));
        }
      }
      const accuracy =
        cosines.length === 0
          ? '-, -'
          : `${mean(cosines)}, ${Math.min(...cosines).toFixed(4)} | ${mean(liveness)}`;
      console.log(
        `${set}, ${side}, ${asked} | ${count.whole} | ${count.shrunk} | ${count.both} | ${accuracy} | ${mean(ratios)}`,
      );
    }
  }
}
await Promise.all(contexts.map((context) => context.close()));
