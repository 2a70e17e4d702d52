/**
 * The service without HTTP: its decoder, pool and workers, as a Nest application context. So an evaluation measures
 * what requests get.
 */
import { readFile } from 'node:fs/promises';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Config, loadConfig } from '../src/config/config.js';
import { ConfigModule } from '../src/config/config.module.js';
import { DecoderPool } from '../src/images/decoder-pool.service.js';
import { ImageDecoder } from '../src/images/image-decoder.js';
import { Pack } from '../src/packs/pack.js';
import { PacksModule } from '../src/packs/packs.module.js';
import type { AnalysedFace, AnalysisOptions } from '../src/worker/protocol.js';
import { InferencePool } from '../src/inference/inference-pool.service.js';
import { InferenceModule } from '../src/inference/inference.module.js';
import type { Image } from '../src/vision/image.js';

const TEN_MINUTES_MS = 600_000;

/** Only boxes: the smallest request. */
export const BOXES_ONLY: AnalysisOptions = { landmarks: false, embedding: false, attributes: [] };

/** Decodes and analyses pictures. Close it after use. */
export class Engine {
  private constructor(
    private readonly context: INestApplicationContext,
    private readonly decoder: ImageDecoder,
    private readonly pool: InferencePool,
    /** The pack that is measured. */
    readonly pack: Pack,
    private readonly workers: number,
  ) {}

  /**
   * Starts the workers, one for each CPU this process may use.
   * @param overrides settings that differ from the environment's
   */
  static async start(overrides: Partial<Config> = {}): Promise<Engine> {
    const config = { ...loadConfig(), requestTimeoutMs: TEN_MINUTES_MS, ...overrides };
    const workers = config.inferenceMaxWorkers;
    const module = evaluationModule({ ...config, inferenceMinWorkers: workers });
    const context = await NestFactory.createApplicationContext(module, {
      logger: ['fatal', 'error', 'warn'],
      abortOnError: false,
    });
    const pool = context.get(InferencePool);
    return new Engine(
      context,
      context.get(ImageDecoder),
      pool,
      context.get(Pack, { strict: false }),
      workers,
    );
  }

  /** The pixels of an encoded picture, through the service's decoder. */
  async decode(source: string | Uint8Array): Promise<Image> {
    const bytes = typeof source === 'string' ? await readFile(source) : source;
    return this.decoder.decode(bytes, 'image', AbortSignal.timeout(TEN_MINUTES_MS));
  }

  /** The faces of a picture, largest first. The caller keeps a decoded image. */
  async analyze(source: string | Uint8Array | Image, options: AnalysisOptions): Promise<AnalysedFace[]> {
    const encoded = typeof source === 'string' || source instanceof Uint8Array;
    const image = encoded ? await this.decode(source) : source;
    const release = encoded ? () => this.decoder.release(image) : undefined;
    const { faces } = await this.pool.analyze(image, options, AbortSignal.timeout(TEN_MINUTES_MS), release);
    return faces;
  }

  /** `work` on every item, a few at a time so that no worker waits; results in the order of the items. */
  async map<T, R>(items: readonly T[], work: (item: T) => Promise<R>, onDone: () => void): Promise<R[]> {
    const results: R[] = [];
    const pending = items.entries();
    const lane = async (): Promise<void> => {
      for (const [index, item] of pending) {
        results[index] = await work(item);
        onDone();
      }
    };
    await Promise.all(Array.from({ length: this.workers * 2 }, lane));
    return results;
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

function evaluationModule(config: Config): object {
  @Module({
    imports: [ConfigModule.with(config), PacksModule, InferenceModule],
    providers: [DecoderPool, ImageDecoder],
  })
  class EvaluationModule {}
  return EvaluationModule;
}
