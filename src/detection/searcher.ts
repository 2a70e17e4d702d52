/**
 * Searches pictures at the useful input sizes and merges the candidates of all sizes into one list for each picture.
 */
import type { ScaleAgreement, DetectorModel } from '../packs/detector-model.js';
import type { Image } from '../vision/image.js';
import type { SuppressionLimits } from '../vision/nms.js';
import {
  isContradicted,
  isTooLarge,
  type Scale,
  type Searched,
  type SizedCandidate,
} from './scale-agreement.js';
import type { Detector } from './detector.js';
import { select } from './select.js';
import { searchTiles } from './tiled-search.js';
import { DEFAULT_TILES } from './tiles.js';
import { type SearchOrder, searchOrder, usefulSizes } from './useful-sizes.js';

/**
 * How far a picture is searched: `standard` sees it at a few small sizes; `thorough` sees all of its pixels, tile by
 * tile.
 */
export type SearchKind = 'standard' | 'thorough';

/** What counts as a candidate in one picture. */
export interface DetectOptions {
  /** Default: `standard`. */
  readonly search?: SearchKind;
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
  /** Whether nobody waits for the answer any more; a thorough search then ends early. Default: never. */
  readonly isAbandoned?: () => boolean;
}

/**
 * The lowest score of a candidate in a tile, whatever confidence a caller asks for. At 0 every anchor of every tile would
 * be one: ten million in a large picture.
 */
const MIN_TILE_SCORE = 0.3;

export class Searcher {
  /** @param facts what pack.json says about the detector */
  constructor(
    private readonly detector: Detector,
    private readonly facts: DetectorModel,
  ) {}

  /** The candidates of each picture, largest first, at most `MAX_FACES`. */
  async find(jobs: readonly DetectJob[]): Promise<SizedCandidate[][]> {
    const orders = jobs.map((job) => this.orderFor(job));
    const searched = await this.search(jobs.map((job, index) => ({ ...job, sizes: orders[index].first })));
    const doubtful = [...jobs.keys()].filter(
      (job) => orders[job].inDoubt.length > 0 && this.isInDoubt(searched[job]),
    );
    const again = await this.search(doubtful.map((job) => ({ ...jobs[job], sizes: orders[job].inDoubt })));
    for (const [at, job] of doubtful.entries()) searched[job] = together(searched[job], again[at]);
    for (const [job, { options }] of jobs.entries()) {
      if (options.search === 'thorough')
        searched[job] = together(searched[job], await this.searchTiles(jobs[job]));
    }
    return jobs.map(({ options }, job) => this.candidates(searched[job], options));
  }

  private get rule(): ScaleAgreement | undefined {
    return this.facts.rescoring?.scaleAgreement;
  }

  private get limits(): SuppressionLimits {
    return { iou: this.facts.iouThreshold, containment: this.facts.containmentThreshold };
  }

  private orderFor({ image, options }: DetectJob): SearchOrder {
    const useful = usefulSizes(this.facts.sizes, image);
    return this.rule === undefined || options.search === 'thorough'
      ? { first: useful, inDoubt: [] }
      : searchOrder(useful);
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
    const { rule, limits } = this;
    const scored = searched.found.filter(({ score }) => score >= minScore);
    const selected = select(scored, searched.image, limits, minFaceSize);
    if (rule === undefined || keepContradicted) return selected;
    return selected.filter((candidate) => !isContradicted(candidate, searched, rule, limits.iou));
  }

  /**
   * The candidates of each picture at its sizes, without those too large for their input. Pictures and sizes share
   * runs.
   */
  private async search(
    jobs: readonly (DetectJob & { readonly sizes: readonly number[] })[],
  ): Promise<Searched[]> {
    const searches = jobs.flatMap(({ image, options, sizes }, job) =>
      sizes.map((size) => ({ job, image, size, minScore: this.minScoreOf(options) })),
    );
    const found: SizedCandidate[][] = jobs.map(() => []);
    for (const [index, candidates] of (await this.detector.search(searches)).entries()) {
      const { job, image, size } = searches[index];
      const scale = this.scaleOf(size);
      const fitting = candidates.filter((candidate) => !isTooLarge(candidate, image, scale));
      found[job].push(...fitting.map((candidate) => ({ ...candidate, size })));
    }
    return jobs.map(({ image, sizes }, job) => ({
      image,
      scales: sizes.map((size) => this.scaleOf(size)),
      found: found[job],
    }));
  }

  /** The candidates that only the tiles of a picture show. */
  private searchTiles({ image, options, isAbandoned = () => false }: DetectJob): Promise<Searched> {
    const { minFaceSize = 0 } = options;
    const minScore = Math.max(this.minScoreOf(options), MIN_TILE_SCORE);
    const search = { image, minScore, minFaceSize, isAbandoned };
    const { sizes, tiles = DEFAULT_TILES } = this.facts;
    return searchTiles(this.detector, search, Math.max(...sizes), tiles, this.limits);
  }

  /** The lowest score of a candidate that is kept: weak ones may support others. */
  private minScoreOf({ minScore }: DetectOptions): number {
    return Math.min(minScore, this.rule?.minSupportScore ?? 1);
  }

  /** An input of the whole picture. Nothing is too large for the smallest one. */
  private scaleOf(size: number): Scale {
    const isSmallest = size === Math.min(...this.facts.sizes);
    return { size, maxPixels: isSmallest ? Infinity : (this.rule?.maxClearPixels ?? Infinity) };
  }
}

function together(a: Searched, b: Searched): Searched {
  return { image: a.image, scales: [...a.scales, ...b.scales], found: [...a.found, ...b.found] };
}
