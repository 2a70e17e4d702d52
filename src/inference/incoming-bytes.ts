/** Counts the bytes of request bodies and downloads as they arrive: in total, and for each caller. */
import { AppError, overloaded } from '../errors.js';

/** The bytes that one request holds. They grow with every chunk that arrives and are given back all at once. */
export interface Holding {
  /**
   * Takes that many more bytes.
   * @throws AppError `overloaded` if there is no room now, `body_too_large` if the request exceeds a caller's share
   */
  add(bytes: number): void;
  /** Gives everything back. Bytes added afterwards are not counted. */
  free(): void;
}

export class IncomingBytes {
  private taken = 0;
  private readonly byCaller = new Map<string, number>();

  /**
   * @param capacity bytes that all callers may hold together
   * @param share bytes that one caller may hold, so that no caller can lock out the others
   */
  constructor(
    readonly capacity: number,
    readonly share: number,
  ) {}

  /** Bytes held now. */
  get used(): number {
    return this.taken;
  }

  /**
   * Begins to count for a request.
   * @param caller the caller whose share it counts towards
   * @param announced bytes announced by a Content-Length: refused at once if there is no room for them, but not yet
   *   taken
   * @throws AppError `overloaded` if there is no room now, `body_too_large` if they exceed a caller's share
   */
  hold(caller: string, announced = 0): Holding {
    this.assertRoom(caller, announced, 0);
    let held = 0;
    let freed = false;
    return {
      add: (bytes) => {
        if (freed) return;
        this.assertRoom(caller, bytes, held);
        held += bytes;
        this.count(caller, bytes);
      },
      free: () => {
        if (!freed) this.count(caller, -held);
        freed = true;
      },
    };
  }

  private count(caller: string, bytes: number): void {
    this.taken += bytes;
    const held = (this.byCaller.get(caller) ?? 0) + bytes;
    if (held > 0) this.byCaller.set(caller, held);
    else this.byCaller.delete(caller);
  }

  /** @param held bytes that the request already holds */
  private assertRoom(caller: string, bytes: number, held: number): void {
    if (held + bytes > this.share) {
      throw new AppError(
        'body_too_large',
        `The request brings more bytes than this service holds for one caller, ${this.share} (part of MAX_BYTES_IN_FLIGHT): send smaller pictures, or fewer at a time.`,
        { max_bytes: this.share },
      );
    }
    const caller_bytes = this.byCaller.get(caller) ?? 0;
    if (this.taken + bytes <= this.capacity && caller_bytes + bytes <= this.share) return;
    throw overloaded('Too many bytes are being received at the moment; try again later.', {
      bytes_in_flight: this.taken,
    });
  }
}
