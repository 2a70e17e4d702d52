/** All ideas for pictures: crafted ones of each format, valid ones, and valid ones damaged in every way. */
import { pick } from '../core/draw.js';
import type { Idea } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';
import { GIF_IDEAS } from './gif.js';
import { heifIdeas } from './heif.js';
import { jpegIdeas } from './jpeg.js';
import { MUTATORS } from './mutators.js';
import { PNG_IDEAS } from './png.js';
import { makeSeeds, type Seed } from './seeds.js';
import { TIFF_IDEAS } from './tiff.js';
import { webpIdeas } from './webp.js';

/** After its first time, a damaged picture is drawn this much more often than a crafted one, because it costs little. */
const DAMAGED_WEIGHT = 3;

export async function pictureIdeas(): Promise<Idea<CraftedPicture>[]> {
  const seeds = await makeSeeds();
  return [
    ...PNG_IDEAS,
    ...jpegIdeas(seeds),
    ...webpIdeas(seeds),
    ...GIF_IDEAS,
    ...TIFF_IDEAS,
    ...heifIdeas(seeds),
    ...seeds.map(({ name, bytes }) => ({
      title: `valid ${name}`,
      weight: 0.2,
      make: () => ({ bytes, allowed: [200] }),
    })),
    ...formats(seeds).flatMap(([format, some]) =>
      Object.entries(MUTATORS).map(([name, mutate]) => ({
        title: `damaged ${format}: ${name}`,
        weight: DAMAGED_WEIGHT,
        make: (random: () => number) => ({
          bytes: mutate(pick(random, some).bytes, random, pick(random, seeds).bytes),
        }),
      })),
    ),
  ];
}

/** Groups seeds by the first word of their names. */
function formats(seeds: readonly Seed[]): [string, Seed[]][] {
  const groups = new Map<string, Seed[]>();
  for (const seed of seeds) {
    const [format] = seed.name.split(' ');
    groups.set(format, [...(groups.get(format) ?? []), seed]);
  }
  return [...groups];
}
