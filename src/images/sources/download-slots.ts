/** Limits how many downloads run at a time, in total and for each caller. */
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { overloaded } from '../../errors.js';

/** A download holds a socket and may last until its deadline, however small it is. So one caller gets at most half of the slots. */
@Injectable()
export class DownloadSlots {
  private readonly max: number;
  private readonly share: number;
  private readonly byCaller = new Map<string, number>();
  private taken = 0;

  constructor(config: Config) {
    this.max = config.urlMaxDownloads;
    this.share = Math.ceil(this.max / 2);
  }

  /**
   * Takes a slot.
   * @param caller whose share it counts towards
   * @returns a function that gives the slot back; call it once, when the download has ended
   * @throws AppError `overloaded` when all slots, or the caller's share of them, are taken
   */
  take(caller: string): () => void {
    const own = this.byCaller.get(caller) ?? 0;
    if (this.taken >= this.max || own >= this.share) {
      throw overloaded(
        'Too many pictures are being downloaded at the moment: try again later, or send pictures instead of URLs.',
        { downloads: this.taken },
      );
    }
    this.count(caller, 1);
    return () => this.count(caller, -1);
  }

  private count(caller: string, change: number): void {
    this.taken += change;
    const own = (this.byCaller.get(caller) ?? 0) + change;
    if (own > 0) this.byCaller.set(caller, own);
    else this.byCaller.delete(caller);
  }
}
