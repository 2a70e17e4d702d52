/** Analyses one picture on its own worker and, if it has several faces, on all idle workers as well. */
import {
  type AnalysisJob,
  type AnalysisOptions,
  type BatchAnswer,
  failedAnswer,
  type FoundPicture,
} from '../worker/protocol.js';
import { deal, gather } from './deal.js';
import type { WorkerThread } from './worker-thread.js';
import type { WorkerThreads } from './worker-threads.js';

export class SharedAnalysis {
  /** @param mayHelp whether idle threads may help now */
  constructor(
    private readonly threads: WorkerThreads,
    private readonly mayHelp: () => boolean,
  ) {}

  /** Analyses one picture. Rejects if the picture's own worker ends before it has found the faces. */
  async analyze(thread: WorkerThread, job: AnalysisJob): Promise<BatchAnswer> {
    const { warm, busy } = this.threads;
    const mayShare = isWorthSharing(job.options) && this.mayHelp() && (warm > busy || this.mayGrow);
    const answer = await thread.ask({ jobs: [job], mayShare });
    const [outcome] = answer.outcomes;
    return outcome.kind === 'found' ? this.share(thread, job, outcome.picture) : answer;
  }

  /** Deals out the faces of a picture. Never rejects, and resolves when no worker reads the picture any more. */
  private async share(first: WorkerThread, job: AnalysisJob, picture: FoundPicture): Promise<BatchAnswer> {
    const workers = [first];
    while (this.mayHelp() && workers.length < picture.faces.length) {
      const helper = this.threads.take();
      if (helper === undefined) break;
      workers.push(helper);
    }
    const answers = deal(job, picture, workers.length).map(async (task, index) => {
      const answer = await workers[index].ask(task).catch(failedAnswer);
      if (index > 0) this.threads.giveBack(workers[index]);
      return answer;
    });
    // This helps the next pictures, not this one: in the time a worker needs to start, many pictures are analysed.
    if (workers.length < picture.faces.length && this.mayHelp() && this.mayGrow) {
      this.threads.ensure(this.threads.size + 1);
    }
    return gather(await Promise.all(answers));
  }

  /** Whether another thread may be started: the pool grows by one thread at a time. */
  private get mayGrow(): boolean {
    return this.threads.size < this.threads.max && this.threads.size === this.threads.warm;
  }
}

/** Whether sharing saves time: describing a face takes milliseconds, unless only landmarks are requested. */
function isWorthSharing({ embedding, attributes }: AnalysisOptions): boolean {
  return embedding || attributes.length > 0;
}
