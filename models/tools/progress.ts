/** Shows how far a download is: one line that renews itself on a terminal, a plain line now and then elsewhere. */

/** Where the lines go; `process.stderr` is one. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const TTY_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 5_000;
const MIB = 1024 * 1024;

/** Progress of one download. */
export class Progress {
  private received = 0;
  private readonly startedAt: number;
  private shownAt: number;

  /**
   * @param label what is being fetched
   * @param total its size in bytes
   * @param now clock in milliseconds
   */
  constructor(
    private readonly label: string,
    private readonly total: number,
    private readonly terminal: Terminal,
    private readonly now: () => number = Date.now,
  ) {
    this.startedAt = this.now();
    this.shownAt = this.startedAt;
  }

  /** Starts again at zero, as a download that is tried again does. */
  restart(): void {
    this.received = 0;
  }

  /** Counts `bytes` more, and shows them when it is time. */
  add(bytes: number): void {
    this.received += bytes;
    const interval = this.terminal.isTTY === true ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS;
    if (this.now() - this.shownAt < interval) return;
    this.show();
  }

  /** Shows where it ended, and leaves the line. */
  done(): void {
    this.show();
    if (this.terminal.isTTY === true) this.terminal.write('\n');
  }

  private show(): void {
    this.shownAt = this.now();
    const seconds = Math.max(0.001, (this.shownAt - this.startedAt) / 1000);
    const percent = Math.min(100, Math.floor((100 * this.received) / this.total));
    const sizes = `${mib(this.received)} of ${mib(this.total)} MiB`;
    const line = `${this.label}: ${percent} % (${sizes}, ${mib(this.received / seconds)} MiB/s)`;
    // Carriage return and "erase to the end of the line".
    this.terminal.write(this.terminal.isTTY === true ? `\r${line}\u001b[K` : `${line}\n`);
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
