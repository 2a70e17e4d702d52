/** A detector's graph with the code of its family: searches pictures, each at the requested input size. */
import type { DetectorModel } from '../packs/detector-model.js';
import type { GraphPaths } from '../packs/graph-paths.js';
import { runInBatches } from '../sessions/batches.js';
import type { Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Image } from '../vision/image.js';
import { DETECTOR_FAMILIES, type DetectorFamily } from './detector-family.js';
import type { Candidate } from './face.js';
import type { Letterbox } from './letterbox.js';

/** One picture at one input size. */
export interface Search {
  readonly image: Image;
  /** Length of the picture's longer side in the input, in input pixels. */
  readonly size: number;
  /** The lowest score of a candidate, 0…1. */
  readonly minScore: number;
}

interface LetterboxedSearch extends Search {
  readonly index: number;
  readonly letterbox: Letterbox;
}

export class Detector {
  private constructor(
    private readonly family: DetectorFamily,
    private readonly model: Model,
  ) {}

  /**
   * Loads a graph.
   * @param name of its family
   */
  static async open(
    sessions: SessionManager,
    graph: string | GraphPaths,
    name: DetectorModel['family'],
  ): Promise<Detector> {
    const family = DETECTOR_FAMILIES[name];
    return new Detector(family, await sessions.open(graph, family.SIGNATURE));
  }

  /** Whether candidates have keypoints. */
  get hasKeypoints(): boolean {
    return this.family.hasKeypoints(this.model.outputs.length);
  }

  /** The most searches that share a run. */
  get maxBatch(): number {
    return this.model.maxBatch;
  }

  /** The candidates of each search, in order, before suppression. Inputs of the same shape share a run. */
  async search(searches: readonly Search[]): Promise<Candidate[][]> {
    const found: Candidate[][] = [];
    const letterboxed = searches.map((search, index) => ({
      ...search,
      index,
      letterbox: this.family.letterbox(search.image, search.size),
    }));
    for (const group of groupByShape(letterboxed)) {
      const { width, height } = group[0].letterbox;
      const results = await runInBatches(
        this.model,
        group,
        [3, height, width],
        ({ image, letterbox }, batch, offset) => {
          this.family.preprocess(image, letterbox, batch, offset);
        },
      );
      for (const [at, { index, image, letterbox, minScore }] of group.entries()) {
        const outputs = this.model.outputs.map((name) => results[at][name]);
        found[index] = this.family.postprocess(outputs, letterbox, image, minScore);
      }
    }
    return found;
  }
}

function groupByShape(searches: readonly LetterboxedSearch[]): LetterboxedSearch[][] {
  const groups = new Map<string, LetterboxedSearch[]>();
  for (const search of searches) {
    const shape = `${search.letterbox.width}×${search.letterbox.height}`;
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, [search]);
    else group.push(search);
  }
  return [...groups.values()];
}
