/** What the service says about its model agrees with its answers. */
import type { ModelDto, ModelsDto } from '../../src/faces/models.dto.js';
import { FACE_FIELDS } from '../../src/faces/face-fields.js';
import { sample } from '../fixtures/pictures.js';
import { compare, facesOf, json, type Service, startService } from '../support/service.js';

let service: Service;
let model: ModelDto;
beforeAll(async () => {
  service = await startService();
  model = await json(await fetch(`${service.url}/v1/models/insightface`));
});
afterAll(() => service.app.close());

test('the list holds the one model', async () => {
  const { models } = await json<ModelsDto>(await fetch(`${service.url}/v1/models`));
  expect(models).toEqual([model]);
});

test('its name, pack and licence', () => {
  expect(model).toMatchObject({
    name: 'insightface',
    ready: true,
    pack: 'default',
    licence: expect.stringMatching(/^MIT; .*research use/) as string,
    execution_provider: 'cpu',
    execution_providers: ['cpu'],
    landmark_scheme: 'ibug-68',
  });
});

test('the outputs it lists have values, and the others are null', async () => {
  expect(Object.keys(model.outputs)).toEqual([...FACE_FIELDS]);
  for (const face of await facesOf(service, sample(6))) {
    // Race is also null if none of the labels that the model distinguishes is the most likely.
    for (const field of FACE_FIELDS.filter((name) => name !== 'race'))
      expect([field, face[field] !== null]).toEqual([field, model.outputs[field]]);
  }
});

test('it says which labels it distinguishes, all five races among them', () => {
  expect(model.labels.gender).toEqual(['Female', 'Male']);
  expect(model.labels.age_bracket).toHaveLength(9);
  expect(model.labels.race).toEqual(['White', 'Black', 'Asian', 'Latino/Hispanic', 'Middle Eastern']);
  expect(model.notes.race).toBeUndefined();
});

test('the thresholds it states are the ones that are applied', async () => {
  const { threshold } = await compare(service, sample(1), sample(1));
  expect(model.thresholds.match.similarity).toBe(threshold);
  expect(model.thresholds.match.false_match_rate).toBeGreaterThan(0);
  expect(model.thresholds.match.measured_on).not.toBe('');
  expect(model.thresholds.detection).toBe(0.5);
});

test('the threshold of liveness comes with its error rates and what they were measured on', () => {
  const { liveness } = model.thresholds;
  expect(liveness?.confidence).toBe(0.5);
  for (const rate of [liveness?.apcer, liveness?.bpcer]) {
    expect(rate).toBeGreaterThan(0);
    expect(rate).toBeLessThan(0.1);
  }
  expect(liveness?.measured_on).toMatch(/NUAA and CelebA-Spoof, no screens/);
});

test('it says of every file where its weights come from', () => {
  const { provenance } = model;
  const roles = [
    'detector',
    'landmarks',
    'orientation',
    'recognition',
    'appearance',
    'demographics',
    'pose',
    'quickPose',
    'liveness',
  ];
  expect(provenance.map(({ role }) => role).sort()).toEqual([...roles].sort());
  expect(provenance.find(({ role }) => role === 'detector')).toMatchObject({
    files: ['default/detector.onnx', 'default/detector-8-bit.onnx'],
    licence: expect.stringContaining('MIT') as string,
    training_data: expect.arrayContaining([
      expect.objectContaining({ name: 'WIDER FACE', licence: 'CC-BY-NC-ND-4.0' }),
    ]) as unknown[],
  });
});
