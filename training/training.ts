/** The options of one training. */
export interface TrainingTask {
  /** Folder of the data sets. */
  readonly data: string;
  /** Folder of clip art, for pictures without faces: training/README.md. */
  readonly drawings: string;
  /** Folder for the data extracted from them. */
  readonly work: string;
  /** Path of a YuNet graph that says where faces are. */
  readonly teacher: string;
  /** Path of an SCRFD graph that judges which boxes are faces. */
  readonly judge: string;
  readonly python: string;
  readonly seed: string;
  /** Whether to use the data that is already in `work`. */
  readonly isExtracted: boolean;
}

/** Trains a model and installs it in the default pack; resolves to a sentence that says so. */
export type Training = (task: TrainingTask) => Promise<string>;
