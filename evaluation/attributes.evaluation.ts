/** Gender, age and race on the faces of FairFace and UTKFace, by group. */
import { join } from 'node:path';
import type { Attributes } from '../src/attributes/attributes.service.js';
import { isPresent, sample } from './data.js';
import { type DemographicSet, FAIRFACE, type LabelledFace, UTKFACE } from './demographic-faces.js';
import { demographicReport, type Told } from './demographic-report.js';
import type { Evaluation, EvaluationContext, Report } from './evaluation.js';
import { chipFace } from './labelled-faces.js';

const WANTED = { landmarks: false, embedding: false, attributes: ['gender', 'age', 'race'] } as const;

export const attributes: Evaluation = {
  name: 'attributes',
  title: 'Gender, age and race',
  async run(context) {
    const reports: Report[] = [];
    for (const [set, prefix] of [
      [FAIRFACE, 'fairface'],
      [UTKFACE, 'utkface'],
    ] as const) {
      const folder = join(context.folder, '..', set.folder);
      if (isPresent(folder)) reports.push(await measure(context, set, folder, prefix));
    }
    return {
      figures: Object.assign({}, ...reports.map(({ figures }) => figures)) as Report['figures'],
      tables: reports.flatMap(({ tables }) => tables),
      plots: reports.flatMap(({ plots }) => plots),
      notes: reports.flatMap(({ notes }) => notes),
    };
  },
};

async function measure(
  context: EvaluationContext,
  set: DemographicSet,
  folder: string,
  prefix: string,
): Promise<Report> {
  const faces = sample(await set.read(folder, context.trainedOn), context.limit);
  const told = await describeAll(context, set, faces);
  const found = told.flatMap(({ face, attributes }) =>
    attributes === undefined ? [] : [read(face, attributes)],
  );
  return demographicReport(set, found, faces.length - found.length, prefix);
}

async function describeAll(
  { engine, progress }: EvaluationContext,
  { title }: DemographicSet,
  faces: readonly LabelledFace[],
): Promise<{ face: LabelledFace; attributes: Attributes | undefined }[]> {
  const line = progress(title, faces.length);
  const described = await engine.map(
    faces,
    async (face) => {
      const image = await face.load((path) => engine.decode(path));
      // The engine takes the pixels over.
      const { width, height } = image;
      return {
        face,
        attributes: chipFace(await engine.analyze(image, WANTED), { width, height })?.attributes,
      };
    },
    () => line.tick(),
  );
  line.done();
  return described;
}

function read(face: LabelledFace, { gender, age, race }: Attributes): Told {
  if (gender == null || age == null || race == null)
    throw new Error('The pack tells no gender, age or race.');
  return { face, gender, age, race };
}
