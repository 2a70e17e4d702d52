/** A decoded picture, as the main thread sends it to a worker. Every stage works on it. */

/** 8-bit RGB pixels, row by row without padding: `data.length === width * height * 3`. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}
