/** What a worker reports about its execution provider: plain data, as it is sent to the main thread. */

/** An ONNX Runtime execution provider of this service. */
export type Provider = 'cpu' | 'cuda';

/** Where a worker's models really run, determined after their first run. */
export interface RuntimeReport {
  /** `cuda` where any model runs on the GPU. */
  readonly provider: Provider;
  /** Why not everything runs on the requested provider, as a sentence; missing where everything does. */
  readonly problem?: string;
}
