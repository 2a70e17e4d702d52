/** The graphs that have a form in 8 bits, and what each is calibrated on. */
import { SHAPE as FEATURES } from '../../src/attributes/appearance.head.js';
import { SIGNATURE as POSE } from '../../src/attributes/hopenet.js';
import { SIGNATURE as DETECTOR } from '../../src/detection/ultraface.js';
import { SIGNATURE as RECOGNITION } from '../../src/recognition/arcface.js';
import type { Shape } from '../../src/sessions/signature.js';
import type { Tensor } from '../../src/vision/tensor.js';
import type { Finder } from '../finder.js';
import type { Span } from './calibrate.js';
import { detectorInputs, featureInputs, poseInputs, recognitionInputs } from './inputs.js';

export interface Plan {
  readonly name: string;
  /** The graph in floats, a file of the pack. */
  readonly file: string;
  readonly span: Span;
  /** Shape of the input. */
  readonly shape: Shape;
  readonly inputs: (finder: Finder, data: string) => AsyncIterable<Tensor>;
}

/** In this order: the appearance head reads what recognition in 8 bits gives. */
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
    // With a half covered, or all but a hundredth, embeddings were further from those of floats, and with the last layers
    // in 8 bits twice as far, for 2 % of the time.
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
];
