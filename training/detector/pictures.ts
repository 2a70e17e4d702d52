/**
 * Writes the pictures that the detector is tuned on, with the boxes that its teacher finds in them.
 *
 * `pictures.bin` holds the pictures one after the other, 8-bit RGB, row by row. `pictures.csv` holds for each picture
 * its set, name, size and boxes: `x1 y1 x2 y2 certain`, separated by semicolons.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readCsv, sample } from '../../evaluation/data.js';
import { type Judge, judged } from '../../evaluation/judge.js';
import type { KnownFace } from '../../evaluation/matching.js';
import { FIRST_LEARNT_PATTERN, patterns, type Picture } from '../../evaluation/pictures.js';
import { startProgress } from '../../evaluation/progress.js';
import { clipArt } from '../clip-art.js';
import { Finder } from '../finder.js';

const FACES = 14_000;
const DRAWINGS = 4000;
const PATTERNS = 800;

/**
 * @param teacher path of the detector that says where the faces are
 * @param drawings folder of clip art
 */
export async function writePictures(
  data: string,
  drawings: string,
  teacher: Judge,
  out: string,
): Promise<void> {
  const finder = await Finder.open();
  await mkdir(out, { recursive: true });
  const table = createWriteStream(join(out, 'pictures.csv'));
  table.write('set,image,width,height,boxes\n');
  await pipeline(Readable.from(pixels()), createWriteStream(join(out, 'pictures.bin')));
  await pipeline(Readable.from([]), table);
  await finder.close();

  async function* pixels(): AsyncGenerator<Uint8Array> {
    const pictures = [
      ...(await faces(data)),
      ...(await drawn(drawings)),
      ...patterns(PATTERNS, FIRST_LEARNT_PATTERN),
    ];
    const progress = startProgress(process.stderr, 'pictures to learn detection from', pictures.length);
    for (const { set, name, load, faces: labelled } of pictures) {
      const image = await load((path) => finder.decode(path));
      const known = labelled?.length === 0 ? [] : await judged(teacher, image);
      table.write(`${[set, name, image.width, image.height, written(known)].join(',')}\n`);
      progress.tick();
      yield image.data;
    }
    progress.done();
  }
}

/** Faces of FairFace's training part; not all their faces are labelled. */
async function faces(data: string): Promise<Picture[]> {
  const folder = join(data, 'fairface');
  const rows = (await readCsv(join(folder, 'labels.csv'))).filter(({ split }) => split === 'train');
  return sample(rows, FACES).map(({ image }) => ({
    set: 'fairface',
    name: image,
    load: (decode) => decode(join(folder, 'images', image)),
  }));
}

async function drawn(folder: string): Promise<Picture[]> {
  return (await clipArt(folder, 'learnt', DRAWINGS)).map((drawing) => ({
    set: drawing.isAnimal ? 'animals' : 'clip-art',
    name: drawing.name.replaceAll(',', ' '),
    load: () => drawing.draw(),
    faces: [],
  }));
}

function written(known: readonly KnownFace[]): string {
  return known
    .map(({ box: { x1, y1, x2, y2 }, certain }) =>
      [...[x1, y1, x2, y2].map((value) => value.toFixed(1)), Number(certain)].join(' '),
    )
    .join(';');
}
