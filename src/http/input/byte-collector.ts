/** Joins the pieces of a body, whatever their size. */

/** A smaller piece is copied: a Buffer costs about a hundred bytes, and a caller may send its body byte by byte. */
const MIN_KEPT_BYTES = 4 * 1024;
const PAGE_BYTES = 64 * 1024;

export class ByteCollector {
  private readonly pieces: Buffer[] = [];
  private page = Buffer.alloc(0);
  private filled = 0;
  private total = 0;

  /** Bytes so far. */
  get length(): number {
    return this.total;
  }

  /** Adds a piece, which must not change afterwards. */
  push(piece: Buffer): void {
    this.total += piece.byteLength;
    if (piece.byteLength < MIN_KEPT_BYTES) return this.copy(piece);
    this.finishPage();
    this.pieces.push(piece);
  }

  /** Returns everything as one buffer and empties the collector. */
  take(): Buffer {
    this.finishPage();
    const all = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces, this.total);
    this.pieces.length = 0;
    this.total = 0;
    return all;
  }

  private copy(piece: Buffer): void {
    if (this.filled + piece.byteLength > this.page.byteLength) {
      this.finishPage();
      this.page = Buffer.allocUnsafeSlow(PAGE_BYTES);
    }
    piece.copy(this.page, this.filled);
    this.filled += piece.byteLength;
  }

  /** Keeps the rest of the page for later pieces. */
  private finishPage(): void {
    if (this.filled === 0) return;
    this.pieces.push(this.page.subarray(0, this.filled));
    this.page = this.page.subarray(this.filled);
    this.filled = 0;
  }
}
