/**
 * Writes the training data of the quick pose: the trunk's features of single faces, and the pose network's answers for
 * them.
 *
 * `faces.bin` holds the features of the faces one after the other, 128×14×14 floats each. `faces.csv` holds for each
 * face its set and picture, whether it is held out, whether it is mirrored, and the angles in degrees before
 * calibration, roll as seen in the aligned crop. Each face is there twice, as it is and mirrored. Each angle is the
 * mean over three crops, because the network's answer varies with the crop and the learnt answer should not.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FaceNetwork } from '../../src/attributes/face-network.js';
import type { FaceView } from '../../src/attributes/face-view.js';
import * as hopenet from '../../src/attributes/hopenet.js';
import type { Pose } from '../../src/attributes/pose.js';
import { loadConfig } from '../../src/config/config.js';
import { AppError } from '../../src/errors.js';
import { loadPack } from '../../src/packs/load-pack.js';
import type { PoseModel } from '../../src/packs/pose-model.js';
import { SessionManager } from '../../src/sessions/session-manager.service.js';
import { keypointRoll } from '../../src/vision/alignment.js';
import { type Box, scaleAboutCentre } from '../../src/vision/box.js';
import type { Image } from '../../src/vision/image.js';
import { mean } from '../../evaluation/metrics.js';
import { CHIP_MARGIN, photos } from '../../evaluation/pictures.js';
import { startProgress } from '../../evaluation/progress.js';
import { isHeldOut } from '../../evaluation/split.js';
import { Finder } from '../finder.js';

const CHIPS = 4000;
/** Only faces that the detector is nearly certain of, and only the largest of each picture. */
const MIN_SCORE = 0.9;
/** The crops: the box enlarged by a factor, and moved by a share of its sides. */
const CROPS = [
  { grown: 1, moved: 0 },
  { grown: 0.94, moved: 0.02 },
  { grown: 1.06, moved: -0.02 },
];

/** A face as training data. */
interface Sample extends Pose {
  readonly features: Float32Array;
}

/** @param data folder of the data sets */
export async function extract(data: string, out: string): Promise<void> {
  const config = loadConfig();
  const pack = loadPack(config);
  const { pose } = pack.models;
  if (pose?.family !== 'hopenet')
    throw new AppError('invalid_pack', 'The pack has no Hopenet to learn from.');
  const sessions = new SessionManager(config);
  const finder = await Finder.open();
  const recognition = await finder.openRecognition();
  // The graph in floats, even where a CPU would run another.
  const teacher = await FaceNetwork.open(sessions, pack.folder, hopenet, { ...pose, onCpu: undefined });

  await mkdir(out, { recursive: true });
  const table = createWriteStream(join(out, 'faces.csv'));
  table.write('set,image,held_out,mirrored,roll,yaw,pitch\n');
  await pipeline(Readable.from(faces()), createWriteStream(join(out, 'faces.bin')));
  await pipeline(Readable.from([]), table);
  await Promise.all([finder.close(), sessions.onModuleDestroy()]);

  async function* faces(): AsyncGenerator<Uint8Array> {
    const pictures = [
      ...(await photos('lfw', join(data, 'lfw'))),
      ...(await photos('mask', join(data, 'mask'))),
      ...(await photos('attributes', join(data, 'attributes'), { limit: CHIPS, margin: CHIP_MARGIN })),
    ];
    const progress = startProgress(process.stderr, 'pictures to learn pose from', pictures.length);
    for (const { set, name, load } of pictures) {
      const image = await load((path) => finder.decode(path));
      for (const [mirrored, view] of [image, mirror(image)].entries()) {
        const face = await sampleOf(view);
        if (face === undefined) continue;
        const angles = [face.roll, face.yaw, face.pitch].map((angle) => angle.toFixed(2));
        table.write(`${[set, name, Number(isHeldOut(name)), mirrored, ...angles].join(',')}\n`);
        yield new Uint8Array(face.features.slice().buffer);
      }
      progress.tick();
    }
    progress.done();
  }

  async function sampleOf(image: Image): Promise<Sample | undefined> {
    const [found] = await finder.find(image, MIN_SCORE);
    if (found === undefined) return undefined;
    const { box } = found;
    const [keypoints] = await finder.locateKeypoints(image, [found]);
    const [{ features }] = await recognition.runTrunk([{ image, keypoints }]);
    if (features === undefined)
      throw new AppError('invalid_pack', 'The recognition model gives no features.');
    const { roll, yaw, pitch } = await teach(teacher, { image, box, keypoints });
    return { features, roll: roll - keypointRoll(keypoints), yaw, pitch };
  }
}

/** The mean of the network's answers for several crops of a face. */
async function teach(teacher: FaceNetwork<PoseModel, Pose>, face: FaceView): Promise<Pose> {
  const views = CROPS.map(({ grown, moved }) => ({
    ...face,
    box: scaleAboutCentre(shift(face.box, moved), grown),
  }));
  const poses = await teacher.describe(views);
  return {
    roll: mean(poses.map(({ roll }) => roll)),
    yaw: mean(poses.map(({ yaw }) => yaw)),
    pitch: mean(poses.map(({ pitch }) => pitch)),
  };
}

/** The box moved to the right and down by a share of its sides. */
function shift({ x1, y1, x2, y2 }: Box, share: number): Box {
  const [dx, dy] = [(x2 - x1) * share, (y2 - y1) * share];
  return { x1: x1 + dx, y1: y1 + dy, x2: x2 + dx, y2: y2 + dy };
}

function mirror({ width, height, data }: Image): Image {
  const flipped = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = width - 1; x >= 0; x--, to += 3) {
      const from = (y * width + x) * 3;
      flipped.set(data.subarray(from, from + 3), to);
    }
  }
  return { width, height, data: flipped };
}
