/**
 * @vladmandic/face-api on its WASM back end: SSD MobileNet detector, 68 landmarks, descriptor (128 numbers), age and gender. It
 * has no pose, quality, mask or liveness.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { serve } from './server.mjs';

const require = createRequire(import.meta.url);
const folderOf = (name) => dirname(require.resolve(name));

await serve(async () => {
  const tf = require('@tensorflow/tfjs');
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
  wasm.setWasmPaths(`${folderOf('@tensorflow/tfjs-backend-wasm/package.json')}/dist/`);
  await tf.setBackend('wasm');
  await tf.ready();
  const models = join(folderOf('@vladmandic/face-api/package.json'), 'model');
  const { ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet, ageGenderNet } = faceapi.nets;
  for (const net of [ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet, ageGenderNet]) {
    await net.loadFromDisk(models);
  }
  return async ({ data, width, height }) => {
    const tensor = tf.tensor3d(Uint8Array.from(data), [height, width, 3], 'int32');
    const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 10 });
    const faces = await faceapi
      .detectAllFaces(tensor, options)
      .withFaceLandmarks()
      .withFaceDescriptors()
      .withAgeAndGender();
    tf.dispose(tensor);
    return faces.map(({ detection, landmarks, descriptor, age, gender }) => {
      return { box: detection.box, landmarks: landmarks.positions, descriptor: [...descriptor], age, gender };
    });
  };
});
