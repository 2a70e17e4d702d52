/** The distribution of quality over photos, and how quality falls as faces turn away. */
import type { Table } from '../tools/table.js';
import { percent, type Report } from './evaluation.js';
import type { FacePhoto } from './face-photo.js';
import type { ScoredPair } from './lfw.evaluation.js';
import { mean, quantile } from './metrics.js';

const PERCENTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
const YAWS = [0, 10, 20, 30, 40, 90] as const;
/** What cannot be told from a stranger, and what is a good portrait. */
const [USELESS, GOOD] = [0.3, 0.8] as const;

/** A pair of photos with the lower of their qualities. */
export interface QualityPair extends ScoredPair {
  readonly quality: number;
  /** Larger |yaw| of the two, degrees. */
  readonly yaw: number;
}

/** Percentiles, and means by yaw. */
export function distribution(photos: readonly FacePhoto[], pairs: readonly QualityPair[]): Report {
  const qualities = photos.map((photo) => photo.quality);
  const useless = qualities.filter((value) => value < USELESS).length / qualities.length;
  const good = qualities.filter((value) => value > GOOD).length / qualities.length;
  const percentiles = PERCENTILES.map((share) => quantile(qualities, share));
  const table: Table = {
    title: `Quality of ${photos.length} photos`,
    head: [
      ...PERCENTILES.map((share) => (share === 0.5 ? 'median' : `${share * 100} %`)),
      `below ${USELESS}`,
      `above ${GOOD}`,
    ],
    rows: [[...percentiles.map((value) => value.toFixed(3)), percent(useless, 1), percent(good, 1)]],
  };
  const bins = YAWS.slice(1).map((to, index) => {
    const inside = (yaw: number): boolean => yaw >= YAWS[index] && yaw < to;
    const turned = photos.filter(({ pose }) => pose !== undefined && inside(Math.abs(pose.yaw)));
    const genuine = pairs.filter(({ positive, yaw }) => positive && inside(yaw));
    return {
      label: `${YAWS[index]}–${to}°`,
      photos: turned.length,
      quality: mean(turned.map((photo) => photo.quality)),
      similarity: mean(genuine.map(({ score }) => score)),
    };
  });
  return {
    figures: {
      ...Object.fromEntries(PERCENTILES.map((share, index) => [`qualityAt${share}`, percentiles[index]])),
      shareUseless: useless,
      shareGood: good,
      ...Object.fromEntries(bins.map((bin, index) => [`qualityAtYaw${YAWS[index]}`, bin.quality])),
    },
    tables: [
      table,
      {
        title: 'Quality by how far the face is turned away',
        head: ['yaw', 'photos', 'mean quality', 'mean similarity to another photo of the person'],
        rows: bins.map((bin) => [
          bin.label,
          String(bin.photos),
          bin.quality.toFixed(2),
          bin.similarity.toFixed(2),
        ]),
      },
    ],
    plots: [],
    notes: [],
  };
}
