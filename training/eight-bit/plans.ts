/** The graphs that have an 8-bit form, and the inputs that each is calibrated on. */
import { SHAPE as FEATURES } from '../../src/attributes/appearance.head.js';
import { SIGNATURE as DEMOGRAPHICS } from '../../src/attributes/mobilefacenet.js';
import { SIGNATURE as POSE } from '../../src/attributes/hopenet.js';
import { SIGNATURE as DETECTOR } from '../../src/detection/ultraface.js';
import { SIGNATURE as RECOGNITION } from '../../src/recognition/arcface.js';
import type { Shape } from '../../src/sessions/signature.js';
import type { Tensor } from '../../src/vision/tensor.js';
import type { Finder } from '../finder.js';
import type { Span } from './calibrate.js';
import {
  demographicsInputs,
  detectorInputs,
  featureInputs,
  poseInputs,
  recognitionInputs,
} from './inputs.js';

export interface Plan {
  readonly name: string;
  /** File of the pack with the graph in floats. */
  readonly file: string;
  readonly span: Span;
  /** Shape of the input. */
  readonly shape: Shape;
  readonly inputs: (finder: Finder, data: string) => AsyncIterable<Tensor>;
}

/** In this order: the appearance head is calibrated on the features of the 8-bit recognition graph. */
export const PLANS: readonly Plan[] = [
  {
    name: 'detector',
    file: 'detector.onnx',
    span: { after: '268', covered: 0.99 },
    shape: DETECTOR.input,
    inputs: detectorInputs,
  },
  {
    name: 'pose',
    file: 'pose.onnx',
    span: { after: '346', covered: 0.99 },
    shape: POSE.input,
    inputs: poseInputs,
  },
  {
    name: 'recognition',
    file: 'recognition.onnx',
    // With a half or 99 % covered, embeddings were further from those of floats. With the last layers in 8 bits they
    // were twice as far, and only 2 % of the time was saved.
    span: { after: '341', until: '659', covered: 0.8 },
    shape: RECOGNITION.input,
    inputs: recognitionInputs,
  },
  {
    name: 'appearance',
    file: 'heads/appearance.onnx',
    span: { after: 'features', until: '/heads/branch/layers.659/Conv_output_0', covered: 0.8 },
    shape: ['N', ...FEATURES],
    inputs: featureInputs,
  },
  {
    name: 'demographics',
    file: 'heads/demographics.onnx',
    span: {
      after: '/network/stem/layers.341/PRelu_output_0',
      until: '/network/body/layers.659/Conv_output_0',
      covered: 0.8,
    },
    shape: DEMOGRAPHICS.input,
    inputs: demographicsInputs,
  },
];
