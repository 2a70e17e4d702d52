/** Shows the progress of a download: one updated line on a terminal, a plain line now and then elsewhere. */

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
  /** Bytes that were there when the clock started; they do not count for the rate. */
  private initial = 0;
  private startedAt: number;
  private shownAt: number;

  /**
   * @param label what is being fetched
   * @param total its size in bytes; undefined where the sender does not say
   * @param now clock in milliseconds
   */
  constructor(
    private readonly label: string,
    private total: number | undefined,
    private readonly terminal: Terminal,
    private readonly now: () => number = Date.now,
  ) {
    this.startedAt = this.now();
    this.shownAt = this.startedAt;
  }

  /** Starts over with `received` bytes, for a retried download; `total` where it is known by now. */
  restart(received = 0, total = this.total): void {
    this.received = received;
    this.initial = received;
    this.total = total;
    this.startedAt = this.now();
  }

  /** Counts `bytes` more, and updates the line when it is time. */
  add(bytes: number): void {
    this.received += bytes;
    const interval = this.terminal.isTTY === true ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS;
    if (this.now() - this.shownAt < interval) return;
    this.show();
  }

  /** Shows the final state and ends the line. */
  done(): void {
    this.show();
    if (this.terminal.isTTY === true) this.terminal.write('\n');
  }

  private show(): void {
    this.shownAt = this.now();
    const rate = (this.received - this.initial) / Math.max(0.001, (this.shownAt - this.startedAt) / 1000);
    const line = `${this.label}: ${this.amount()}, ${mib(rate)} MiB/s${this.timeLeft(rate)})`;
    // Carriage return and "erase to the end of the line".
    this.terminal.write(this.terminal.isTTY === true ? `\r${line}\u001b[K` : `${line}\n`);
  }

  private amount(): string {
    if (this.total === undefined) return `(${mib(this.received)} MiB`;
    const percent = Math.min(100, Math.floor((100 * this.received) / this.total));
    return `${percent} % (${mib(this.received)} of ${mib(this.total)} MiB`;
  }

  private timeLeft(rate: number): string {
    if (this.total === undefined || rate <= 0 || this.received >= this.total) return '';
    const seconds = Math.ceil((this.total - this.received) / rate);
    return `, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
  }
}

/** Bytes in MiB, with one decimal. */
export function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
