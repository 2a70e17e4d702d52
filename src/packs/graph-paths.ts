/** The paths of a model's graphs. */
import { join } from 'node:path';
import type { ModelFile } from './model-file.js';

/** Absolute paths of .onnx files. */
export interface GraphPaths {
  readonly path: string;
  /** The graph that a CPU runs instead. */
  readonly onCpu?: string;
}

/** @param folder of the pack */
export function pathsOf(folder: string, { file, onCpu }: Pick<ModelFile, 'file' | 'onCpu'>): GraphPaths {
  return { path: join(folder, file), onCpu: onCpu && join(folder, onCpu.file) };
}
