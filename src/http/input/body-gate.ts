/** Who decides whether a body may come in. An abstract class, so that it can be injected by its name. */

/** What one body holds; it grows as the body arrives. */
export interface BodyHolding {
  /** @throws AppError `overloaded`, `body_too_large` */
  add(bytes: number): void;
  free(): void;
}

export abstract class BodyGate {
  /**
   * Call before anything is read.
   * @throws AppError `overloaded` when no picture could be taken in
   */
  abstract assertRoom(): void;
  /**
   * Begins to count the bytes of a body.
   * @param caller whose share they take
   * @param announced bytes that are said to come
   * @throws AppError `overloaded`, `body_too_large`
   */
  abstract hold(caller: string, announced?: number): BodyHolding;
}
