/** Has one picture analysed by its own worker and, where it has several faces, by all others that have nothing to do. */
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
  /** @param mayHelp whether threads that have nothing to do may help now */
  constructor(
    private readonly threads: WorkerThreads,
    private readonly mayHelp: () => boolean,
  ) {}

  /** Rejects when the picture's own worker ends before it has found the faces. */
  async analyze(thread: WorkerThread, job: AnalysisJob): Promise<BatchAnswer> {
    const { warm, busy } = this.threads;
    const mayShare = isWorthSharing(job.options) && this.mayHelp() && (warm > busy || this.mayGrow);
    const answer = await thread.ask({ jobs: [job], mayShare });
    const [outcome] = answer.outcomes;
    return outcome.kind === 'found' ? this.share(thread, job, outcome.picture) : answer;
  }

  /** Deals the faces of a picture out. Never rejects, and resolves when no worker reads the picture any more. */
  private async share(first: WorkerThread, job: AnalysisJob, picture: FoundPicture): Promise<BatchAnswer> {
    const hands = [first];
    while (this.mayHelp() && hands.length < picture.faces.length) {
      const helper = this.threads.take();
      if (helper === undefined) break;
      hands.push(helper);
    }
    const answers = deal(job, picture, hands.length).map(async (task, hand) => {
      const answer = await hands[hand].ask(task).catch(failedAnswer);
      if (hand > 0) this.threads.giveBack(hands[hand]);
      return answer;
    });
    // For the next pictures: a worker takes as long to start as many pictures take.
    if (hands.length < picture.faces.length && this.mayHelp() && this.mayGrow) {
      this.threads.ensure(this.threads.size + 1);
    }
    return gather(await Promise.all(answers));
  }

  /** The pool grows by one thread at a time. */
  private get mayGrow(): boolean {
    return this.threads.size < this.threads.max && this.threads.size === this.threads.warm;
  }
}

/** Whether other workers can help: describing a face takes milliseconds, unless only landmarks are asked for. */
function isWorthSharing({ embedding, attributes }: AnalysisOptions): boolean {
  return embedding || attributes.length > 0;
}
