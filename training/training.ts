/** What one training is asked for. */
export interface TrainingTask {
  /** Folder of the data sets. */
  readonly data: string;
  /** Folder for what is extracted from them. */
  readonly work: string;
  /** An SCRFD graph that says where faces are. */
  readonly judge: string;
  readonly python: string;
  readonly seed: string;
  /** Whether what is in `work` already is to be used. */
  readonly isExtracted: boolean;
}

/** Trains a model and puts it into the default pack; resolves to a sentence that says so. */
export type Training = (task: TrainingTask) => Promise<string>;
