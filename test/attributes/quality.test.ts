/** Quality: everything that makes a face harder to recognise lowers it, step by step; even a barely visible face has one. */
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import sharp, { type Sharp } from 'sharp';
import { quality } from '../../src/attributes/quality.js';
import { Config } from '../../src/config/config.js';
import { Pack } from '../../src/packs/pack.js';
import { AnalysisService } from '../../src/worker/analysis.service.js';
import { InferenceWorkerModule } from '../../src/worker/inference-worker.module.js';
import { crop, sample } from '../fixtures/pictures.js';

describe('the curve', () => {
  const curve = { middle: 3, steepness: 2 };

  test('is ½ at its middle and symmetric about it', () => {
    expect(quality(3, curve)).toBe(0.5);
    // σ(2 · 1) = 0.8808, worked out by hand
    expect(quality(4, curve)).toBeCloseTo(0.8808, 4);
    expect(quality(2, curve)).toBeCloseTo(1 - 0.8808, 4);
  });

  test('stays within 0…1 for any norm', () => {
    for (const length of [0, 1e-9, 1e9]) {
      expect(quality(length, curve)).toBeGreaterThanOrEqual(0);
      expect(quality(length, curve)).toBeLessThanOrEqual(1);
    }
  });
});

describe('of the woman in the middle of sample3', () => {
  let context: INestApplicationContext;
  let portrait: Buffer;
  let good: number;

  beforeAll(async () => {
    context = await NestFactory.createApplicationContext(InferenceWorkerModule.with(new Config()), {
      logger: false,
    });
    // The quality of the detector's candidates, without rescoring.
    context.get(Pack).models.detector.rescoring = undefined;
    portrait = await crop(sample(3), [1073, 206, 1306, 516], 0.5);
    good = await qualityOf((photo) => photo);
  });
  afterAll(() => context.close());

  /** The quality of the largest face after some treatment of the portrait. */
  async function qualityOf(treat: (photo: Sharp) => Sharp): Promise<number> {
    const { data, info } = await treat(sharp(portrait)).raw().toBuffer({ resolveWithObject: true });
    const image = { width: info.width, height: info.height, data: Uint8Array.from(data) };
    const options = { landmarks: false, embedding: false, attributes: ['quality'] as const };
    const { faces } = await context.get(AnalysisService).analyze([{ image, options }]);
    expect(faces[0]).not.toHaveLength(0);
    return faces[0][0].attributes.quality ?? NaN;
  }

  test('it is high', () => {
    expect(good).toBeGreaterThan(0.85);
    expect(good).toBeLessThanOrEqual(1);
  });

  test.each<[string, ((photo: Sharp) => Sharp)[]]>([
    ['blur', [3, 5, 7].map((sigma) => (photo) => photo.blur(sigma))],
    ['smallness', [120, 70, 40].map((width) => (photo) => photo.resize(width))],
    ['darkness', [0.5, 0.3, 0.2].map((factor) => (photo) => photo.linear(factor, 0))],
    ['glare', [0.4, 0.6, 0.8].map((more) => (photo) => photo.linear(1 + more, 50 * more))],
    [
      'being cut off at the border',
      [340, 280, 240].map((width) => (photo) => photo.extract({ left: 0, top: 0, width, height: 620 })),
    ],
  ])('%s lowers it, the more the lower', async (_, treatments) => {
    const values = [good];
    for (const treat of treatments) values.push(await qualityOf(treat));
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(values.at(-1)).toBeLessThan(0.55);
  });
});
