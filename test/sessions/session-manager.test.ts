/** A graph that does not fit its role is refused when it is loaded, by name, with what was expected. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Config } from '../../src/config/config.js';
import { SessionManager } from '../../src/sessions/session-manager.service.js';
import { node } from '../../models/tools/onnx-graph.js';
import { tinyGraph } from '../fixtures/tiny-graphs.js';

let folder: string;
let sessions: SessionManager;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sessions-'));
  sessions = new SessionManager(new Config());
  const graph = tinyGraph([1, 4], { y: [1, 4] }, [node('Relu', ['input'], ['y'])], []);
  await writeFile(join(folder, 'relu.onnx'), graph);
});
afterAll(async () => {
  await sessions.onModuleDestroy();
  await rm(folder, { recursive: true });
});

const open = (input: (number | string)[], outputs: Record<string, (number | string)[]>): Promise<unknown> =>
  sessions.open(join(folder, 'relu.onnx'), { input, outputs });

test('runs a graph that fits', async () => {
  const model = await sessions.open(join(folder, 'relu.onnx'), { input: ['N', 4], outputs: { y: ['N', 4] } });
  const { y } = await model.run({ data: Float32Array.of(-1, 2, -3, 4), shape: [1, 4] });
  expect([...y.data]).toEqual([0, 2, 0, 4]);
});

test('runs the graph for a CPU on a CPU', async () => {
  const negative = tinyGraph([1, 4], { y: [1, 4] }, [node('Neg', ['input'], ['y'])], []);
  await writeFile(join(folder, 'neg.onnx'), negative);
  const paths = { path: join(folder, 'relu.onnx'), onCpu: join(folder, 'neg.onnx') };
  const model = await sessions.open(paths, { input: ['N', 4], outputs: { y: ['N', 4] } });
  const { y } = await model.run({ data: Float32Array.of(-1, 2, -3, 4), shape: [1, 4] });
  expect([...y.data]).toEqual([1, -2, 3, -4]);
});

test.each([
  ['an input of another length', ['N', 5], { y: ['N', 4] }],
  ['an input of another rank', ['N', 4, 1], { y: ['N', 4] }],
  ['an output it does not have', ['N', 4], { z: ['N', 4] }],
  ['an output of another length', ['N', 4], { y: ['N', 3] }],
])('refuses %s', async (_, input, outputs) => {
  const expected = `one input ${input.join('×')} and the outputs ${Object.entries(outputs)[0].flat().join('×').replace('×', ' ')}`;
  await expect(open(input, outputs as Record<string, (number | string)[]>)).rejects.toMatchObject({
    code: 'invalid_pack',
    message: expect.stringMatching(
      /^relu\.onnx does not fit its role: it takes input 1×4 and gives y 1×4, /,
    ) as string,
  });
  await expect(open(input, outputs as Record<string, (number | string)[]>)).rejects.toThrow(expected);
});

test('refuses a file that is not a graph', async () => {
  await writeFile(join(folder, 'text.onnx'), 'not a graph');
  await expect(sessions.open(join(folder, 'text.onnx'), { input: ['N'], outputs: {} })).rejects.toMatchObject(
    {
      code: 'invalid_pack',
      message: expect.stringContaining('text.onnx cannot be loaded') as string,
    },
  );
});
