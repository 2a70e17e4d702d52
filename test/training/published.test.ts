/** What the heads are trained on is what they are served: the trunk before and after the steps that make it fast. */
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { publishedTrunk } from '../../training/published.js';

test('the features of the published trunk are those of the prepared one', async () => {
  const data = Float32Array.from({ length: 3 * 112 * 112 }, (_, index) => Math.sin(index * 0.37));
  const [published, prepared] = await Promise.all(
    [await publishedTrunk(), await readFile('models/default/recognition.onnx')].map(async (graph) => {
      const session = await InferenceSession.create(graph, { logSeverityLevel: 3 });
      const { features } = await session.run({ input: new Tensor('float32', data, [1, 3, 112, 112]) });
      return features.data as Float32Array;
    }),
  );
  expect(published).toHaveLength(128 * 14 * 14);
  const differences = published.map((value, index) => Math.abs(value - prepared[index]));
  expect(Math.max(...differences)).toBeLessThan(1e-4);
  expect(Math.max(...published)).toBeGreaterThan(0.1);
});
