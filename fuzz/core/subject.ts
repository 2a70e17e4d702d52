/** The service under test: a process of its own that is watched, asked for a normal answer, and replaced when it hangs. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { oneFace } from '../../bench/pictures.js';
import { messageOf } from '../../src/errors.js';
import { type ServerProcess, startService } from '../../bench/server-process.js';
import { exchange } from './exchange.js';
import { DETECT, post } from './http-text.js';
import { Watch } from './watch.js';
import type { Seen } from './watch.process.js';

const MIB = 2 ** 20;

/** Short deadlines, so that a case that uses them up costs seconds; and a small budget, so that what escapes it shows. */
export const SETTINGS = {
  LOG_LEVEL: 'warn',
  MAX_BYTES_IN_FLIGHT: String(256 * MIB),
  REQUEST_TIMEOUT_MS: '5000',
  HTTP_HEADERS_TIMEOUT_MS: '2000',
  HTTP_RECEIVE_TIMEOUT_MS: '4000',
  URL_TIMEOUT_MS: '2000',
  SHUTDOWN_TIMEOUT_MS: '0',
} as const;

/** What the settings let the service take for requests: see `docs/reliability.md`. */
export const BUDGET_MIB = Number(SETTINGS.MAX_BYTES_IN_FLIGHT) / MIB;
export const REQUEST_TIMEOUT_MS = Number(SETTINGS.REQUEST_TIMEOUT_MS);

const WARM_UPS = 60;
const KEPT_OUTPUT = 32 * 1024;

export class Subject {
  /** Memory when it had become warm. */
  startMiB = 0;
  private output = '';

  private constructor(
    private readonly settings: Readonly<Record<string, string>>,
    private readonly picture: Buffer,
    private service: ServerProcess,
    private watch: Watch,
    /** The normal answer. */
    private reference = '',
  ) {}

  /** Starts the service and warms it up. */
  static async start(settings: Readonly<Record<string, string>>): Promise<Subject> {
    const picture = await oneFace();
    const note = (text: string): void => subject?.note(text);
    let subject: Subject | undefined = undefined as Subject | undefined;
    const service = await startService({ ...SETTINGS, ...settings }, { onOutput: note });
    subject = new Subject(settings, picture, service, watchOf(service));
    await subject.warmUp();
    return subject;
  }

  get url(): string {
    return this.service.url;
  }

  get pid(): number {
    return this.service.child.pid ?? 0;
  }

  /** The end of what it wrote. */
  get lastOutput(): string {
    return this.output;
  }

  /** What was seen of it since this was asked last. */
  seen(): Promise<Seen> {
    return this.watch.seen();
  }

  /** The longest its event loop stood still since this was asked last, by its own clock; undefined: it does not say. */
  async eventLoopMs(): Promise<number | undefined> {
    const late = sleep(1_000).then(() => undefined);
    return Promise.race([this.service.usage().then(({ eventLoop }) => eventLoop.maxMs), late]);
  }

  /**
   * Sends the normal picture until it is answered as ever; refusals for load are repeated, as a caller would.
   * @returns what is wrong after `withinMs`; undefined: nothing
   */
  async normalAnswer(withinMs: number): Promise<string | undefined> {
    const started = performance.now();
    let wrong = 'no answer';
    for (let left = withinMs; left > 0; left = withinMs - (performance.now() - started)) {
      if (this.hasEnded) return `the process has ended (${this.endedBy})`;
      const [{ answers, ms }] = await exchange(this.url, { steps: this.normalRequest() }, left);
      const [answer] = answers;
      if (answer?.status === 200) {
        const same = answer.body.toString() === this.reference;
        return same
          ? undefined
          : `the normal picture is answered in another way: ${answer.body.toString('latin1', 0, 200)}`;
      }
      wrong =
        answer === undefined
          ? `no answer within ${Math.round(left)} ms`
          : `status ${answer.status} after ${Math.round(ms)} ms`;
      await sleep(Math.min(100, left));
    }
    return `a normal picture is not answered within ${Math.round(withinMs)} ms: ${wrong}`;
  }

  /** Ends it, however stuck it is, and starts another. */
  async restart(): Promise<void> {
    await this.kill();
    this.output = '';
    const onOutput = (text: string): void => this.note(text);
    try {
      this.service = await startService({ ...SETTINGS, ...this.settings }, { onOutput });
    } catch (error) {
      throw new Error(`${messageOf(error)} It wrote: ${this.output}`, { cause: error });
    }
    this.watch = watchOf(this.service);
    await this.warmUp();
  }

  async kill(): Promise<void> {
    this.watch.stop();
    const { child } = this.service;
    if (this.hasEnded) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  get hasEnded(): boolean {
    const { exitCode, signalCode } = this.service.child;
    return exitCode !== null || signalCode !== null;
  }

  private get endedBy(): string {
    const { exitCode, signalCode } = this.service.child;
    return signalCode ?? `exit code ${exitCode}`;
  }

  private normalRequest(): ReturnType<typeof post> {
    return post(DETECT, 'image/jpeg', this.picture);
  }

  private async warmUp(): Promise<void> {
    const one = { steps: this.normalRequest() };
    const [{ answers }] = await exchange(this.url, one, 30_000);
    if (answers[0]?.status !== 200) throw new Error('The service does not answer the normal picture.');
    this.reference = answers[0].body.toString();
    for (let sent = 0; sent < WARM_UPS; sent += 4)
      await exchange(this.url, { ...one, connections: 4 }, 30_000);
    await this.seen();
    await this.eventLoopMs();
    this.startMiB = (await this.seen()).nowMiB;
  }

  private note(text: string): void {
    this.output = (this.output + text).slice(-KEPT_OUTPUT);
  }
}

function watchOf({ url, child }: ServerProcess): Watch {
  return new Watch(url, child.pid ?? 0);
}
