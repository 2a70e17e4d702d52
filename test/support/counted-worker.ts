/** The modules of a worker, with sessions that tell of every run: what a picture really costs. */
import { basename } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Config } from '../../src/config/config.js';
import type { GraphPaths } from '../../src/packs/graph-paths.js';
import { InferenceWorkerModule } from '../../src/worker/inference-worker.module.js';
import { type Model, SessionManager } from '../../src/sessions/session-manager.service.js';
import type { Signature } from '../../src/sessions/signature.js';

/** Is told the name of a model, without folder and ending, and the shape of the input it ran on. */
export type OnRun = (model: string, shape: readonly number[]) => void;

/** Close it when done. */
export async function countedWorker(config: Config, onRun: OnRun): Promise<INestApplicationContext> {
  class CountedSessions extends SessionManager {
    override async open(graph: string | GraphPaths, expected: Signature): Promise<Model> {
      const model = await super.open(graph, expected);
      const name = basename(typeof graph === 'string' ? graph : graph.path, '.onnx');
      return {
        ...model,
        run: (input, fetches) => {
          onRun(name, input.shape);
          return model.run(input, fetches);
        },
      };
    }
  }
  const module = await Test.createTestingModule({ imports: [InferenceWorkerModule.with(config)] })
    .overrideProvider(SessionManager)
    .useFactory({ factory: (given: Config) => new CountedSessions(given), inject: [Config] })
    .compile();
  return module.init();
}
