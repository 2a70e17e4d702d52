/** A decoded picture: what crosses from the main thread to a worker, and what every stage works on. */

/** 8-bit RGB pixels, row by row without padding: `data.length === width * height * 3`. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
