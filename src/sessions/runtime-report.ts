/** What a worker says of the execution provider its sessions run on; plain data, as it crosses to the main thread. */

/** An ONNX Runtime execution provider of this service. */
export type Provider = 'cpu' | 'cuda';

/** Where a worker's models really run, as found out after their first run. */
export interface RuntimeReport {
  /** `cuda` where any model runs on the GPU. */
  readonly provider: Provider;
  /** Why not all of the work is done where it was asked for, as a sentence; missing where it is. */
  readonly problem?: string;
}
