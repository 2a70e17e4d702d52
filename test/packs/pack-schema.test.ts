/** models/pack.schema.json, by which editors complete and check a pack.json, says what the classes check. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { packNames } from '../../models/tools/recipe.js';
import { packSchema } from '../../tools/pack-schema.js';

interface Pack {
  $schema?: string;
  extends?: string;
  sources: Record<string, Record<string, unknown>>;
  models: Record<string, Record<string, unknown>>;
}

const SCHEMA = JSON.parse(readFileSync('models/pack.schema.json', 'utf8')) as object;
const validate = new Ajv({ allErrors: true, strictTypes: false }).compile(SCHEMA);
const packs = await packNames('models');
const pack = (name: string): Pack => JSON.parse(readFileSync(`models/${name}/pack.json`, 'utf8')) as Pack;

/** Where a pack breaks the schema, and which keyword of it. */
function faults(content: Pack): string[] {
  validate(content);
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

it('is what `npm run docs` writes', () => {
  expect(SCHEMA).toEqual(JSON.parse(JSON.stringify(packSchema())));
});

it.each(packs)('knows every field of the committed pack %s, which names it', (name) => {
  expect(pack(name).$schema).toBe('../pack.schema.json');
  expect(faults(pack(name))).toEqual([]);
});

it('lets comments pass', () => {
  const commented = pack('default');
  Object.assign(commented.models['detector'], { '//': 'a comment', $comment: 'another' });
  expect(faults(commented)).toEqual([]);
});

it.each<[string, string, (content: Pack) => unknown]>([
  ['an unknown family', '/models/detector/family enum', ({ models }) => (models['detector']['family'] = 'x')],
  [
    'a threshold out of range',
    '/models/detector/iouThreshold maximum',
    ({ models }) => (models['detector']['iouThreshold'] = 2),
  ],
  ['a wrong checksum', '/models/pose/sha256 pattern', ({ models }) => (models['pose']['sha256'] = 'abc')],
  [
    'a size that is not positive',
    '/models/detector/sizes/0 exclusiveMinimum',
    ({ models }) => (models['detector']['sizes'] = [0]),
  ],
  [
    'training data without evidence',
    '/models/pose/provenance/trainingData/0 required',
    ({ models }) =>
      (models['pose']['provenance'] = {
        weights: 'a',
        licence: 'MIT',
        trainingData: [{ name: 'b', use: 'c', licence: 'd' }],
      }),
  ],
  ['a missing calibration', '/models/pose required', ({ models }) => delete models['pose']['calibration']],
  ['a missing role', '/models required', ({ models }) => delete models['recognition']],
  ['an unknown role', '/models additionalProperties', ({ models }) => (models['detectr'] = {})],
  [
    'a field with its old name',
    '/models/detector additionalProperties',
    ({ models }) => (models['detector']['verification'] = {}),
  ],
  [
    'an unknown step',
    '/models/pose/onCpu/transforms/0/op enum',
    ({ models }) => (models['pose']['onCpu'] = { file: 'a.onnx', transforms: [{ op: 'x' }] }),
  ],
  [
    'a source without integrity',
    '/sources/faceplugin required',
    ({ sources }) => delete sources['faceplugin']['integrity'],
  ],
])('refuses %s', (_, fault, spoil) => {
  const content = pack('default');
  spoil(content);
  expect(faults(content)).toContain(fault);
});

it('asks for all roles only of a pack that extends no other', () => {
  expect(faults({ ...pack('fairface'), extends: undefined })).toContain('/models required');
});
