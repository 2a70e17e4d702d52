/**
 * Trains the default pack's own models: `npm run train -- --data <folder>`. The service's own code finds the training
 * faces, the training itself is in Python (PyTorch), and pack.json gets the SHA-256 of the new files.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/errors.js';
import { JUDGE_FILE, TEACHER_FILE } from '../evaluation/judge.js';
import { trainAppearance } from './appearance/train.js';
import { trainDemographics } from './demographics/train.js';
import { tuneDetector } from './detector/tune.js';
import { quantiseGraphs } from './eight-bit/train.js';
import { trainOrientation } from './orientation/train.js';
import { trainPose } from './pose/train.js';
import type { Training } from './training.js';

/** In this order: the tuned detector's ranges are measured, and the heads learn from the faces that it finds. */
const TRAININGS: Readonly<Record<string, Training>> = {
  detector: tuneDetector,
  'eight-bit': quantiseGraphs,
  orientation: trainOrientation,
  appearance: trainAppearance,
  demographics: trainDemographics,
  pose: trainPose,
};
const USAGE = `Usage: npm run train -- [${Object.keys(TRAININGS).join('|')}] --data <folder of data sets> [options]

Trains the models named, or all of them. eight-bit measures the ranges that the CPU's graphs are made by.

Options:
  --work <folder>     where pictures, crops and features go, about 8 GB (default: .train)
  --drawings <folder> clip art, for pictures without faces (default: <data>/../clip-art; see training/README.md)
  --teacher <file>    a YuNet graph that says where faces are (default: ${TEACHER_FILE})
  --judge <file>      an SCRFD graph that says where faces are (see npm run eval -- --help)
  --skip-extract      train on what is already there
  --python <command>  a Python with the packages of training/requirements.txt (default: python3)
  --seed <n>          (default: 1)
  --help              print this
`;

async function train(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      data: { type: 'string' },
      work: { type: 'string', default: '.train' },
      drawings: { type: 'string' },
      teacher: { type: 'string', default: TEACHER_FILE },
      judge: { type: 'string', default: JUDGE_FILE },
      'skip-extract': { type: 'boolean', default: false },
      python: { type: 'string', default: 'python3' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  });
  const { data, drawings, judge, teacher, python, seed, work, help, 'skip-extract': isExtracted } = values;
  if (help) return void process.stdout.write(USAGE);
  const names = positionals.length > 0 ? positionals : Object.keys(TRAININGS);
  if (data === undefined || !names.every((name) => name in TRAININGS)) {
    process.stderr.write(USAGE);
    process.exitCode = 1;
    return;
  }
  for (const name of names) {
    const task = {
      data,
      drawings: drawings ?? join(data, '..', 'clip-art'),
      teacher,
      judge,
      python,
      seed,
      isExtracted,
      work: join(work, name),
    };
    process.stdout.write(`${await TRAININGS[name](task)}\n`);
  }
}

try {
  await train();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
