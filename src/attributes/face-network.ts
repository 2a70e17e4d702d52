/** A graph that describes a face from its pixels, with the code of its family. */
import { pathsOf } from '../packs/graph-paths.js';
import type { ModelFile } from '../packs/model-file.js';
import { runInBatches } from '../sessions/batches.js';
import type { Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Signature } from '../sessions/signature.js';
import type { Tensor } from '../vision/tensor.js';
import type { FaceView } from './face-view.js';

/**
 * What the file of a family exports: how a face becomes the input of a graph, and its outputs become an answer.
 * `Facts` is what pack.json says about the model.
 */
export interface FaceFamily<Facts, Answer> {
  /** Input and outputs of the graph; `postprocess` takes the outputs in this order. */
  readonly SIGNATURE: Signature;
  /** Shape of the input of one face. */
  readonly SHAPE: readonly number[];
  /**
   * Draws one face into a batch.
   * @param offset index of the face's first float in `batch.data`
   */
  preprocess(face: FaceView, batch: Tensor, offset: number, facts: Facts): void;
  /** @param outputs of this face */
  postprocess(outputs: readonly Float32Array[], facts: Facts, face: FaceView): Answer;
}

export class FaceNetwork<Facts extends ModelFile, Answer> {
  private constructor(
    private readonly family: FaceFamily<Facts, Answer>,
    private readonly model: Model,
    /** What pack.json says about the model. */
    readonly facts: Facts,
  ) {}

  /**
   * Loads a graph.
   * @param folder of the pack
   */
  static async open<Facts extends ModelFile, Answer>(
    sessions: SessionManager,
    folder: string,
    family: FaceFamily<Facts, Answer>,
    facts: Facts,
  ): Promise<FaceNetwork<Facts, Answer>> {
    return new FaceNetwork(family, await sessions.open(pathsOf(folder, facts), family.SIGNATURE), facts);
  }

  /** The answer for each face, in order. */
  async describe(faces: readonly FaceView[]): Promise<Answer[]> {
    const { family, model, facts } = this;
    const results = await runInBatches(model, faces, family.SHAPE, (face, batch, offset) =>
      family.preprocess(face, batch, offset, facts),
    );
    return results.map((result, index) => {
      const outputs = model.outputs.map((name) => result[name]);
      return family.postprocess(outputs, facts, faces[index]);
    });
  }
}
