/** Errors of packs name the file and the field. */
import 'reflect-metadata';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../models/tools/checksum.js';
import { packNames, readRecipe } from '../../models/tools/recipe.js';
import { AppError } from '../../src/errors.js';
import { loadPack } from '../../src/packs/load-pack.js';

interface Manifest {
  extends?: string;
  models: Record<string, Record<string, unknown>>;
}

let modelsDir: string;
let manifest: Manifest;

beforeEach(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), 'packs-'));
  await cp('models/default', join(modelsDir, 'default'), { recursive: true });
  manifest = JSON.parse(await readFile('models/default/pack.json', 'utf8')) as Manifest;
});
afterEach(() => rm(modelsDir, { recursive: true }));

async function load(pack = 'default') {
  await mkdir(join(modelsDir, pack), { recursive: true });
  await writeFile(join(modelsDir, pack, 'pack.json'), JSON.stringify(manifest));
  return loadPack({ modelsDir, modelPack: pack });
}

it('loads the default pack', async () => {
  expect((await load()).models.detector.family).toBe('ultraface');
});

it.each([
  'null',
  '[]',
  '5',
  '"pack"',
  '{',
  '',
  '{"models":null}',
  '{"models":[]}',
  '{"models":{"detector":null}}',
  '{}',
])('refuses a manifest that is %s in a sentence, its own or that of a pack it extends', async (text) => {
  for (const name of ['odd', 'heir']) await mkdir(join(modelsDir, name));
  await writeFile(join(modelsDir, 'odd/pack.json'), text);
  await writeFile(join(modelsDir, 'heir/pack.json'), '{"extends":"odd"}');
  for (const modelPack of ['odd', 'heir']) {
    expect(() => loadPack({ modelsDir, modelPack })).toThrow(AppError);
    expect(() => loadPack({ modelsDir, modelPack })).toThrow(/\/pack\.json /);
  }
});

it('refuses a model that cannot be read, and a folder of models that does not exist', async () => {
  await rm(join(modelsDir, 'default/recognition.onnx'));
  await mkdir(join(modelsDir, 'default/recognition.onnx'));
  await expect(load()).rejects.toThrow(/recognition\.onnx cannot be read \(.*EISDIR/);
  expect(() => loadPack({ modelsDir: '/no/such/folder', modelPack: 'default' })).toThrow(
    'There are no models: the folder /no/such/folder (MODELS_DIR) does not exist.',
  );
});

it.each([
  [
    'an unknown family',
    () => (manifest.models['detector']['family'] = 'yolo'),
    /models\.detector\.family must be one of.*ultraface/,
  ],
  [
    'a role it cannot do without',
    () => delete manifest.models['recognition'],
    /models\.recognition should not be null/,
  ],
  [
    'a threshold out of range',
    () => (manifest.models['detector']['iouThreshold'] = 2),
    /models\.detector\.iouThreshold must not be greater than 1/,
  ],
  [
    'a rule inside another',
    () => {
      const { rescoring } = manifest.models['detector'] as { rescoring: { scaleAgreement: object } };
      rescoring.scaleAgreement = {
        ...rescoring.scaleAgreement,
        minSupportScore: 30,
        minClearPixels: undefined,
      };
    },
    /models\.detector\.rescoring\.scaleAgreement\.minSupportScore must not be greater than 1.*\.scaleAgreement\.minClearPixels must be a positive number/,
  ],
  [
    'no curve from similarity to confidence',
    () => delete (manifest.models['recognition']['match'] as { confidence?: object }).confidence,
    /models\.recognition\.match\.confidence should not be null/,
  ],
  [
    'a path that leaves the packs',
    () => (manifest.models['detector']['file'] = '../../x.onnx'),
    /models\.detector\.file must match/,
  ],
  ['a pack that does not exist', () => (manifest.extends = 'nothing'), /There is no model pack "nothing"/],
  ['itself', () => (manifest.extends = 'default'), /extends: "default" extends this pack in turn/],
])('names the field of %s', async (_, spoil, sentence) => {
  spoil();
  await expect(load()).rejects.toThrow(sentence);
});

describe('a field that had another name once', () => {
  const OLD = {
    listenFrom: 0.7,
    certainFrom: 0.999,
    scoreWeight: 0.719,
    faceWeight: 0.373,
    bias: -2.156,
    confirmation: { aloneFrom: 0.9, seenFrom: 0.3, clearFrom: 32, clearTo: 256 },
  };
  const OLD_PATH = 'models.detector.verification';
  const NEW_PATH = 'models.detector.rescoring';

  it('is refused with its new place, each of several', async () => {
    delete manifest.models['detector']['rescoring'];
    manifest.models['detector']['verification'] = OLD;
    await expect(load()).rejects.toThrow(
      `${join(modelsDir, 'default/pack.json')} is wrong: ${[
        `${OLD_PATH} is now ${NEW_PATH}`,
        `${OLD_PATH}.listenFrom is now ${NEW_PATH}.minScore`,
        `${OLD_PATH}.certainFrom is now ${NEW_PATH}.certainScore`,
        `${OLD_PATH}.confirmation is now ${NEW_PATH}.scaleAgreement`,
        `${OLD_PATH}.confirmation.aloneFrom is now ${NEW_PATH}.scaleAgreement.minScoreAlone`,
        `${OLD_PATH}.confirmation.seenFrom is now ${NEW_PATH}.scaleAgreement.minSupportScore`,
        `${OLD_PATH}.confirmation.clearFrom is now ${NEW_PATH}.scaleAgreement.minClearPixels`,
        `${OLD_PATH}.confirmation.clearTo is now ${NEW_PATH}.scaleAgreement.maxClearPixels`,
      ].join('; ')}.`,
    );
  });

  it('is refused where only some were renamed, and in a pack that is extended', async () => {
    manifest.models['detector']['rescoring'] = { ...OLD, confirmation: undefined };
    await mkdir(join(modelsDir, 'base'));
    await writeFile(join(modelsDir, 'base/pack.json'), JSON.stringify(manifest));
    manifest = { ...manifest, extends: 'base', models: {} };
    await expect(load('own')).rejects.toThrow(
      `${join(modelsDir, 'base/pack.json')} is wrong: ${NEW_PATH}.listenFrom is now ${NEW_PATH}.minScore; `,
    );
  });
});

it('ignores fields that it does not know, such as comments', async () => {
  Object.assign(manifest, { $schema: '../pack.schema.json', '//': 'a comment' });
  Object.assign(manifest.models['detector'], { '//': 'a comment' });
  expect((await load()).models.detector.family).toBe('ultraface');
});

it('says what to run when a file is missing', async () => {
  await rm(join(modelsDir, 'default/pose.onnx'));
  await expect(load()).rejects.toThrow(
    'The model pack "default" lacks pose.onnx: run `npm run models -- install default`.',
  );
});

it('asks for the graphs that only a CPU runs too', async () => {
  await writeFile(join(modelsDir, 'default/pose-8-bit.onnx'), 'damaged');
  await expect(load()).rejects.toThrow(/^pose-8-bit\.onnx is damaged.*models\.pose\.onCpu\.sha256/);
  await rm(join(modelsDir, 'default/pose-8-bit.onnx'));
  await expect(load()).rejects.toThrow(/lacks pose-8-bit\.onnx: run/);
});

it('names a damaged file and the field that pins it', async () => {
  await writeFile(join(modelsDir, 'default/pose.onnx'), 'damaged');
  await expect(load()).rejects.toThrow(/^pose\.onnx is damaged.*models\.pose\.sha256/);
});

describe('a file that pack.json does not pin', () => {
  const note = (sum: string): Promise<void> =>
    writeFile(join(modelsDir, 'default/installed.json'), JSON.stringify({ files: { 'pose.onnx': sum } }));

  it('is accepted, or compared with the checksum recorded at its installation', async () => {
    delete manifest.models['pose']['sha256'];
    await load();
    await note(sha256(await readFile(join(modelsDir, 'default/pose.onnx'))));
    await load();
    await note('0'.repeat(64));
    await expect(load()).rejects.toThrow(/^pose\.onnx is damaged/);
  });

  it('is refused when that record is damaged', async () => {
    await writeFile(join(modelsDir, 'default/installed.json'), '{');
    await expect(load()).rejects.toThrow(/installed\.json cannot be read.*Remove it/);
  });
});

describe('a pack that extends another', () => {
  it('keeps its own roles and takes the others from there', async () => {
    await cp(join(modelsDir, 'default/pose.onnx'), join(modelsDir, 'own/head.onnx'), { recursive: true });
    manifest = {
      ...manifest,
      extends: 'default',
      models: { pose: { ...manifest.models['pose'], file: 'head.onnx', onCpu: undefined } },
    };
    const { models } = await load('own');
    expect(models.pose?.file).toBe('head.onnx');
    expect(models.pose?.onCpu).toBeUndefined();
    expect(models.detector.file).toBe('../default/detector.onnx');
    expect(models.detector.onCpu?.file).toBe('../default/detector-8-bit.onnx');
    expect((await readRecipe(modelsDir, 'own')).base?.name).toBe('default');
  });

  it('says which pack to install when a file of that one is missing', async () => {
    await rm(join(modelsDir, 'default/liveness.onnx'));
    manifest = { ...manifest, extends: 'default', models: {} };
    await expect(load('own')).rejects.toThrow(/lacks \.\.\/default\/liveness\.onnx: run .* install default/);
  });
});

describe('provenance', () => {
  const provenance = { weights: 'Mine.', licence: 'MIT', trainingData: [] as object[] };

  it('may be left out by a pack of one’s own', async () => {
    for (const model of Object.values(manifest.models)) delete model['provenance'];
    expect((await load()).models.detector.provenance).toBeUndefined();
  });

  it.each<[string, object]>([
    ['provenance.licence', { ...provenance, licence: '' }],
    ['provenance.weights', { ...provenance, weights: undefined }],
    ['provenance.trainingData', { ...provenance, trainingData: 'photos' }],
    [
      'provenance.trainingData.0.evidence',
      { ...provenance, trainingData: [{ name: 'a', use: 'b', licence: 'c' }] },
    ],
  ])('with a wrong %s is refused by name', async (field, wrong) => {
    manifest.models['detector']['provenance'] = wrong;
    await expect(load()).rejects.toThrow(`models.detector.${field}`);
  });
});

it('accepts every committed pack, except for the files that must be installed', async () => {
  for (const name of await packNames('models')) {
    await readRecipe('models', name);
    await cp(`models/${name}/pack.json`, join(modelsDir, name, 'pack.json'));
    const attempt = (): unknown => loadPack({ modelsDir, modelPack: name });
    if (name !== 'default')
      expect(attempt).toThrow(new RegExp(`lacks \\S+\\.onnx: run .* install ${name}\`\\.$`));
  }
});
