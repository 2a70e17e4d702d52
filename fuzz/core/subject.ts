/** The service under test: a separate process that is watched, asked for a normal answer, and replaced when it hangs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { oneFace } from '../../bench/pictures.js';
import { messageOf } from '../../src/errors.js';
import {
  endProcess,
  type ServerProcess,
  startService,
  type StartOptions,
} from '../../bench/server-process.js';
import { exchange } from './exchange.js';
import { DETECT, post } from './http-text.js';
import { Watch } from './watch.js';
import type { Seen } from './watch.process.js';

const MIB = 2 ** 20;

/** Short deadlines, so that a case that exhausts them takes only seconds, and a small budget, so that exceeding it shows. */
const SETTINGS = {
  LOG_LEVEL: 'warn',
  MAX_BYTES_IN_FLIGHT: String(256 * MIB),
  REQUEST_TIMEOUT_MS: '5000',
  HTTP_HEADERS_TIMEOUT_MS: '2000',
  HTTP_RECEIVE_TIMEOUT_MS: '4000',
  URL_TIMEOUT_MS: '2000',
  SHUTDOWN_TIMEOUT_MS: '0',
} as const;

/** The memory that these settings allow for requests: see `docs/reliability.md`. */
export const BUDGET_MIB = Number(SETTINGS.MAX_BYTES_IN_FLIGHT) / MIB;
export const REQUEST_TIMEOUT_MS = Number(SETTINGS.REQUEST_TIMEOUT_MS);

/** A different address from that of the misbehaving callers, because each caller has its own share. Linux has all of 127.0.0.0/8. */
const NORMAL_CALLER = process.platform === 'linux' ? '127.0.0.2' : undefined;
const WARM_UPS = 60;
const KEPT_OUTPUT = 32 * 1024;

export class Subject {
  /** Memory after the warm-up. */
  startMiB = 0;

  private constructor(
    private readonly settings: Readonly<Record<string, string>>,
    private readonly options: SubjectOptions,
    private readonly picture: Buffer,
    private log: Log,
    private service: ServerProcess,
    private watch: Watch,
    /** The answer to the normal picture. */
    private reference = '',
  ) {}

  /** Starts the service and warms it up. */
  static async start(
    settings: Readonly<Record<string, string>>,
    options: SubjectOptions = {},
  ): Promise<Subject> {
    const picture = await oneFace();
    const log: Log = { text: '' };
    const service = await startLogged(settings, options, log);
    const subject = new Subject(settings, options, picture, log, service, watchOf(service));
    await subject.warmUp();
    return subject;
  }

  get url(): string {
    return this.service.url;
  }

  /** Its process, for cases that attack the process itself. */
  get child(): ServerProcess['child'] {
    return this.service.child;
  }

  get pid(): number {
    return this.service.child.pid ?? 0;
  }

  /** The end of its output. */
  get lastOutput(): string {
    return this.log.text;
  }

  /** What the watcher has seen since the last call. */
  seen(): Promise<Seen> {
    return this.watch.seen();
  }

  /** The longest delay of its event loop since the last call, measured by itself; undefined if it does not answer. */
  async eventLoopMs(): Promise<number | undefined> {
    const late = sleep(1_000).then(() => undefined);
    return Promise.race([this.service.usage().then(({ eventLoop }) => eventLoop.maxMs), late]);
  }

  /**
   * Sends the normal picture until the answer is right. Refusals due to load are retried, as a caller would do.
   * @returns what is wrong after `withinMs`; undefined if nothing is
   */
  async normalAnswer(withinMs: number): Promise<string | undefined> {
    const started = performance.now();
    let wrong = 'no answer';
    for (let left = withinMs; left > 0; left = withinMs - (performance.now() - started)) {
      if (this.hasEnded) return `the process has ended (${this.endedBy})`;
      const [{ answers, ms }] = await exchange(
        this.url,
        { steps: this.normalRequest(), from: NORMAL_CALLER },
        left,
      );
      const [answer] = answers;
      if (answer?.status === 200) {
        const same = answer.body.toString() === this.reference;
        return same
          ? undefined
          : `the answer to the normal picture has changed: ${answer.body.toString('latin1', 0, 200)}`;
      }
      wrong =
        answer === undefined
          ? `no answer within ${Math.round(left)} ms`
          : `status ${answer.status} after ${Math.round(ms)} ms`;
      await sleep(Math.min(100, left));
    }
    return `a normal picture is not answered within ${Math.round(withinMs)} ms: ${wrong}`;
  }

  /** Kills it, even if it hangs, and starts another. */
  async restart(): Promise<void> {
    await this.kill();
    this.log = { text: '' };
    this.service = await startLogged(this.settings, this.options, this.log);
    this.watch = watchOf(this.service);
    await this.warmUp();
  }

  async kill(): Promise<void> {
    this.watch.stop();
    await endProcess(this.service.child, 'SIGKILL');
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
    const { key } = this.options;
    return post(DETECT, 'image/jpeg', this.picture, key === undefined ? {} : { 'X-API-Key': key });
  }

  private async warmUp(): Promise<void> {
    const one = { steps: this.normalRequest() };
    const [{ answers }] = await exchange(this.url, one, 30_000);
    if (answers[0]?.status !== 200) throw new Error('The service does not answer the normal picture.');
    this.reference = answers[0].body.toString();
    for (let sent = 0; sent < (this.options.warmUps ?? WARM_UPS); sent += 4)
      await exchange(this.url, { ...one, connections: 4 }, 30_000);
    await this.seen();
    await this.eventLoopMs();
    this.startMiB = (await this.seen()).nowMiB;
  }
}

/** How a service under test is started. */
export interface SubjectOptions extends StartOptions {
  /** Number of normal pictures that warm it up. With fewer, it is ready sooner. */
  readonly warmUps?: number;
  /** The API key of the normal request. */
  readonly key?: string;
}

/** The end of a service's output. */
interface Log {
  text: string;
}

async function startLogged(
  settings: Readonly<Record<string, string>>,
  options: SubjectOptions,
  log: Log,
): Promise<ServerProcess> {
  const onOutput = (text: string): void => {
    log.text = (log.text + text).slice(-KEPT_OUTPUT);
    options.onOutput?.(text);
  };
  try {
    return await startService({ ...SETTINGS, ...settings }, { ...options, onOutput });
  } catch (error) {
    throw new Error(`${messageOf(error)} Its output: ${log.text}`, { cause: error });
  }
}

function watchOf({ url, child }: ServerProcess): Watch {
  return new Watch(url, child.pid ?? 0);
}
