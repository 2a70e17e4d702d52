/**
 * @vladmandic/human on its WASM back end. Enabled: detector with rotation, mesh, description (embedding, age, gender) and
 * liveness. Disabled: emotion, iris, antispoof, attention, body, hand, object, gesture, segmentation, filters, and any reuse of
 * results of the previous picture.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { serve } from './server.mjs';

const require = createRequire(import.meta.url);
const folderOf = (name) => dirname(require.resolve(name));
const always = { skipFrames: 0, skipTime: 0 };
const off = { enabled: false };

const CONFIG = {
  backend: 'wasm',
  wasmPath: `${folderOf('@tensorflow/tfjs-backend-wasm/package.json')}/dist/`,
  modelBasePath: `${pathToFileURL(join(folderOf('@vladmandic/human'), '../models')).href}/`,
  cacheSensitivity: 0,
  debug: false,
  filter: off,
  gesture: off,
  segmentation: off,
  body: off,
  hand: off,
  object: off,
  face: {
    enabled: true,
    detector: { rotation: true, maxDetected: 10, ...always },
    mesh: { enabled: true, ...always },
    description: { enabled: true, ...always },
    liveness: { enabled: true, ...always },
    antispoof: off,
    emotion: off,
    iris: off,
    attention: off,
  },
};

// Human fetches its models, but the fetch of Node.js cannot read files.
globalThis.fetch = async (url) => new globalThis.Response(await readFile(fileURLToPath(url)));

await serve(async () => {
  // Loaded by its path: the package's "exports" are in a form that Node.js does not accept.
  const { Human } = require(join(folderOf('@vladmandic/human'), 'human.node-wasm.js'));
  const human = new Human(CONFIG);
  await human.load();
  return async ({ data, width, height }) => {
    const tensor = human.tf.tensor(Uint8Array.from(data), [1, height, width, 3], 'int32');
    const { face, error } = await human.detect(tensor);
    human.tf.dispose(tensor);
    if (error) throw new Error(error);
    return face.map(({ box, score, embedding, rotation, real, live, age, gender }) => {
      return { box, score, embedding, rotation: rotation?.angle, real, live, age, gender };
    });
  };
});
