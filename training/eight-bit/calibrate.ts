/** Measures the ranges of a graph's inner tensors on inputs. */
import { writeFile } from 'node:fs/promises';
import { loadConfig } from '../../src/config/config.js';
import { SessionManager } from '../../src/sessions/session-manager.service.js';
import type { Shape } from '../../src/sessions/signature.js';
import type { Tensor } from '../../src/vision/tensor.js';
import { readOnnx, writeOnnx } from '../../models/tools/onnx-file.js';
import type { Range } from '../../models/tools/transforms/eight-bit.js';
import { measurable, type Ranges } from '../../models/tools/transforms/quantisable.js';

/** The number of digits of a range that are kept. */
const DIGITS = 5;

/** The part of a graph that will compute in 8 bits. */
export interface Span {
  /**
   * The tensor after which 8 bits begin; the nodes before it, at full size and with few channels, are faster in floats.
   */
  readonly after: string;
  /** The tensor from which on everything is in floats again; default: none. */
  readonly until?: string;
  /**
   * The share of the inputs whose smallest and largest values a range covers. Covering the rarest values too would make
   * every step coarser.
   */
  readonly covered: number;
}

/**
 * Runs the graph on every input.
 * @param shape of its input
 * @param file path for the graph with its inner tensors as outputs
 */
export async function calibrate(
  graph: Uint8Array,
  { after, until, covered }: Span,
  shape: Shape,
  inputs: AsyncIterable<Tensor>,
  file: string,
): Promise<Ranges> {
  const model = readOnnx(graph);
  const later = until === undefined ? [] : measurable(model.graph, until);
  const names = measurable(model.graph, after).filter((name) => !later.includes(name));
  model.graph.output.push(...names.map((name) => ({ name, type: { tensor_type: { elem_type: 1 } } })));
  await writeFile(file, writeOnnx(model));
  const sessions = new SessionManager(loadConfig());
  const opened = await sessions.open(file, { input: shape, outputs: [] });
  const extremes = new Map(names.map((name): [string, Range[]] => [name, []]));
  for await (const input of inputs) {
    for (const [name, { data }] of Object.entries(await opened.run(input, names)))
      extremes.get(name)?.push(extremesOf(data));
  }
  await sessions.onModuleDestroy();
  return Object.fromEntries([...extremes].map(([name, seen]) => [name, covering(seen, covered)]));
}

function extremesOf(values: Float32Array): Range {
  let [min, max] = [0, 0];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

function covering(seen: readonly Range[], share: number): Range {
  const at = Math.floor(share * (seen.length - 1));
  const min = seen.map(([value]) => value).sort((a, b) => b - a)[at] ?? 0;
  const max = seen.map(([, value]) => value).sort((a, b) => a - b)[at] ?? 0;
  return [Number(min.toPrecision(DIGITS)), Number(max.toPrecision(DIGITS))];
}
