/**
 * The model runs that a picture needs at least: each graph of the default pack once, on ready-made tensors. The pose network is
 * left out, because the heads in these pictures are not turned far enough to need it.
 */
import * as appearance from '../src/attributes/appearance.head.js';
import * as liveness from '../src/attributes/minifasnet.js';
import * as trunkPose from '../src/attributes/trunk-pose.js';
import * as landmarks68 from '../src/detection/landmarks68.js';
import * as orientation from '../src/detection/orientation.js';
import * as ultraface from '../src/detection/ultraface.js';
import { searchOrder, usefulSizes } from '../src/detection/useful-sizes.js';
import { Config } from '../src/config/config.js';
import { pathsOf } from '../src/packs/graph-paths.js';
import { loadPack } from '../src/packs/load-pack.js';
import type { ModelFile } from '../src/packs/model-file.js';
import * as recognition from '../src/recognition/arcface.js';
import { type Model, SessionManager } from '../src/sessions/session-manager.service.js';
import type { Signature } from '../src/sessions/signature.js';
import { type Tensor, zeros } from '../src/vision/tensor.js';
import type { Picture } from './pictures.js';

/** A model with its inputs. */
export interface ModelRun {
  /** Name of the model and the shape of all its inputs together. They are run in the batch sizes of the service. */
  readonly name: string;
  readonly run: () => Promise<unknown>;
}

/** Opens one set of sessions, as a worker of the service does. @returns a function that gives the runs for a picture */
export async function openModels(): Promise<(picture: Omit<Picture, 'jpeg'>) => ModelRun[]> {
  const config = new Config();
  const sessions = new SessionManager(config);
  const { folder, models } = loadPack(config);
  const open = async (model: ModelFile | undefined, signature: Signature): Promise<Model | undefined> =>
    model && (await sessions.open(pathsOf(folder, model), signature));

  const detector = await open(models.detector, ultraface.SIGNATURE);
  const perFace: { name: string; model: Model | undefined; shape: readonly number[] }[] = [
    { name: 'landmarks', model: await open(models.landmarks, landmarks68.WITH_FEATURES), shape: [1, 64, 64] },
    {
      name: 'orientation',
      model: await open(models.orientation, orientation.SIGNATURE),
      shape: orientation.SHAPE,
    },
    { name: 'trunk', model: await open(models.recognition, recognition.SIGNATURE), shape: [3, 112, 112] },
    {
      name: 'appearance',
      model: models.appearance && (await open(models.appearance, appearance.signature(models.appearance))),
      shape: [128, 14, 14],
    },
    { name: 'quick pose', model: await open(models.quickPose, trunkPose.SIGNATURE), shape: trunkPose.SHAPE },
    { name: 'liveness', model: await open(models.liveness, liveness.SIGNATURE), shape: [3, 128, 128] },
  ];
  return ({ width, height, faces }) => [
    ...searchOrder(usefulSizes(models.detector.sizes, { width, height })).first.map((size) => {
      const box = ultraface.letterbox({ width, height, data: new Uint8Array() }, size);
      return onReadyInput('detector', detector, [1, 3, box.height, box.width]);
    }),
    ...perFace.map(({ name, model, shape }) => onReadyInput(name, model, [faces, ...shape])),
  ];
}

function onReadyInput(
  name: string,
  model: Model | undefined,
  [items, ...shape]: readonly number[],
): ModelRun {
  const inputs: Tensor[] = [];
  const maxBatch = model?.maxBatch ?? items;
  for (let first = 0; first < items; first += maxBatch) {
    const input = zeros(Math.min(maxBatch, items - first), ...shape);
    input.data.forEach((_, index) => (input.data[index] = Math.sin(index)));
    inputs.push(input);
  }
  const run = async (): Promise<void> => {
    for (const input of inputs) await model?.run(input);
  };
  return { name: `${name} ${[items, ...shape].join('×')}`, run };
}
