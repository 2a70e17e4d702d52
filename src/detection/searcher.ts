/**
 * Searches pictures at the useful input sizes and merges the candidates of all sizes into one list for each picture.
 */
import type { ScaleAgreement, DetectorModel } from '../packs/detector-model.js';
import type { Image } from '../vision/image.js';
import { isContradicted, isTooLarge, type Searched, type SizedCandidate } from './scale-agreement.js';
import type { Detector } from './detector.js';
import { select } from './select.js';
import { type SearchOrder, searchOrder, usefulSizes } from './useful-sizes.js';

/** What counts as a candidate in one picture. */
export interface DetectOptions {
  /** The lowest detector score, 0…1. */
  readonly minScore: number;
  /** The shortest length of a box's shorter side, in pixels of the picture; default: 0. */
  readonly minFaceSize?: number;
  /** Whether to keep candidates that other scales contradict; default: no. */
  readonly keepContradicted?: boolean;
}

/** A picture and what to find in it. */
export interface DetectJob {
  readonly image: Image;
  readonly options: DetectOptions;
}

export class Searcher {
  /** @param facts what pack.json says about the detector */
  constructor(
    private readonly detector: Detector,
    private readonly facts: DetectorModel,
  ) {}

  /** The candidates of each picture, largest first, at most `MAX_FACES`. */
  async find(jobs: readonly DetectJob[]): Promise<SizedCandidate[][]> {
    const orders = jobs.map(({ image }) => this.orderFor(image));
    const searched = await this.search(jobs.map((job, index) => ({ ...job, sizes: orders[index].first })));
    const doubtful = [...jobs.keys()].filter(
      (job) => orders[job].inDoubt.length > 0 && this.isInDoubt(searched[job]),
    );
    const again = await this.search(doubtful.map((job) => ({ ...jobs[job], sizes: orders[job].inDoubt })));
    for (const [at, job] of doubtful.entries()) searched[job] = together(searched[job], again[at]);
    return jobs.map(({ options }, job) => this.candidates(searched[job], options));
  }

  private get rule(): ScaleAgreement | undefined {
    return this.facts.rescoring?.scaleAgreement;
  }

  private orderFor(image: Image): SearchOrder {
    const useful = usefulSizes(this.facts.sizes, image);
    return this.rule === undefined ? { first: useful, inDoubt: [] } : searchOrder(useful);
  }

  /**
   * Whether there is a candidate that may or may not be a face. The request's options play no part: the box of a face,
   * and with it the embedding, must not depend on them.
   */
  private isInDoubt(searched: Searched): boolean {
    const { certainScore = 0 } = this.facts.rescoring ?? {};
    const seen = this.candidates(searched, { minScore: this.rule?.minSupportScore ?? 1 });
    return seen.some(({ score }) => score < certainScore);
  }

  /** The candidates that fit the options, after suppression, without those that other scales contradict. */
  private candidates(
    searched: Searched,
    { minScore, minFaceSize, keepContradicted = false }: DetectOptions,
  ): SizedCandidate[] {
    const { iouThreshold: iou, containmentThreshold: containment } = this.facts;
    const scored = searched.found.filter(({ score }) => score >= minScore);
    const selected = select(scored, searched.image, { iou, containment }, minFaceSize);
    const { rule } = this;
    if (rule === undefined || keepContradicted) return selected;
    return selected.filter((candidate) => !isContradicted(candidate, searched, rule, iou));
  }

  /**
   * The candidates of each picture at its sizes, without those too large for their input. Pictures and sizes share
   * runs.
   */
  private async search(
    jobs: readonly (DetectJob & { readonly sizes: readonly number[] })[],
  ): Promise<Searched[]> {
    const { rule } = this;
    const searches = jobs.flatMap(({ image, options, sizes }, job) => {
      const minScore = Math.min(options.minScore, rule?.minSupportScore ?? 1);
      return sizes.map((size) => ({ job, image, size, minScore }));
    });
    const found: SizedCandidate[][] = jobs.map(() => []);
    for (const [index, candidates] of (await this.detector.search(searches)).entries()) {
      const { job, image, size } = searches[index];
      const sized = candidates.map((candidate) => ({ ...candidate, size }));
      const isSmallest = size === Math.min(...this.facts.sizes);
      const fits = (one: SizedCandidate): boolean =>
        isSmallest || rule === undefined || !isTooLarge(one, image, rule);
      found[job].push(...sized.filter(fits));
    }
    return jobs.map(({ image, sizes }, job) => ({ image, sizes, found: found[job] }));
  }
}

function together(a: Searched, b: Searched): Searched {
  return { image: a.image, sizes: [...a.sizes, ...b.sizes], found: [...a.found, ...b.found] };
}
