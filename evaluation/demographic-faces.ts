/** The two sets of faces with gender, age and race: FairFace and UTKFace, in the API's words. */
import { join } from 'node:path';
import { AGE_BRACKETS, bracketIndex } from '../src/attributes/age.js';
import type { Image } from '../src/vision/image.js';
import { readCsv } from './data.js';
import { CHIP_MARGIN, mirrorBorder } from './pictures.js';
import { isHeldOut } from './split.js';

/** A picture of one face, with its labels. */
export interface LabelledFace {
  readonly name: string;
  readonly load: (decode: (path: string) => Promise<Image>) => Promise<Image>;
  readonly gender: string;
  /** The set's own word for it; reports are split by it. */
  readonly race: string;
  /** The API's answers that are right; `null` where the pack cannot tell the label from others. */
  readonly rightRaces: readonly (string | null)[];
  /** Index of the bracket in `AGE_BRACKETS`. */
  readonly bracket: number;
  /** In years; missing where the set tells only the bracket. */
  readonly age?: number;
}

/** A set of such faces. */
export interface DemographicSet {
  /** The folder beside the other data sets. */
  readonly folder: string;
  readonly title: string;
  /** The set's words for races, in the order of the report. */
  readonly races: readonly string[];
  /** What the reader of the figures should know about the set. */
  readonly note: string;
  /** @param trainedOn whether to include faces that the pack's networks were trained on */
  readonly read: (folder: string, trainedOn: boolean) => Promise<LabelledFace[]>;
}

const FAIRFACE_RACES: Readonly<Record<string, string>> = {
  White: 'White',
  Black: 'Black',
  'East Asian': 'Asian',
  'Southeast Asian': 'Asian',
  Indian: 'Asian',
  Latino_Hispanic: 'Latino/Hispanic',
  'Middle Eastern': 'Middle Eastern',
};

/** `Other` has Latino/Hispanic and Middle Eastern people together, and more. */
const UTKFACE_RACES: Readonly<Record<string, readonly (string | null)[]>> = {
  White: ['White'],
  Black: ['Black'],
  Asian: ['Asian'],
  Indian: ['Asian'],
  Other: ['Latino/Hispanic', 'Middle Eastern', null],
};

export const FAIRFACE: DemographicSet = {
  folder: 'fairface',
  title: 'FairFace, validation part',
  races: Object.keys(FAIRFACE_RACES),
  note: 'FairFace tells seven races apart; East Asian, Southeast Asian and Indian are the API’s Asian.',
  async read(folder, trainedOn) {
    const rows = await readCsv(join(folder, 'labels.csv'));
    return rows
      .filter(({ split }) => trainedOn || split === 'val')
      .map(({ image, gender, age, race }) => ({
        name: image,
        load: (decode) => decode(join(folder, 'images', image)),
        gender,
        race,
        rightRaces: [FAIRFACE_RACES[race]],
        bracket: AGE_BRACKETS.findIndex((bracket) => bracket === `${age} years old`),
      }));
  },
};

export const UTKFACE: DemographicSet = {
  folder: 'attributes',
  title: 'UTKFace, a cross-check on data that nothing was trained on',
  races: Object.keys(UTKFACE_RACES),
  note: 'UTKFace’s chips are cut tightly and padded by mirroring. Its labels were estimated by a model and checked by people, so part of each error comes from the labels. Asian and Indian are the API’s Asian; Other holds Latino/Hispanic, Middle Eastern and more, and counts as right when the service answers one of these two, or `null`.',
  async read(folder, trainedOn) {
    const rows = await readCsv(join(folder, 'labels.csv'));
    return rows
      .filter(({ image }) => trainedOn || isHeldOut(image))
      .map(({ image, gender, age, race }) => ({
        name: image,
        load: async (decode) => mirrorBorder(await decode(join(folder, 'images', image)), CHIP_MARGIN),
        gender,
        race,
        rightRaces: UTKFACE_RACES[race],
        bracket: bracketIndex(Number(age)),
        age: Number(age),
      }));
  },
};
