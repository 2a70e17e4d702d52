/** Decides whether a body may be read. It is an abstract class so that Nest can inject it by its type. */

/** The bytes counted for one body. They grow as the body arrives. */
export interface BodyHolding {
  /** @throws AppError `overloaded`, `body_too_large` */
  add(bytes: number): void;
  free(): void;
}

export abstract class BodyGate {
  /**
   * Call this before reading anything.
   * @throws AppError `overloaded` when there is no room for another picture
   */
  abstract assertRoom(): void;
  /**
   * Starts counting the bytes of a body.
   * @param caller whose share the bytes count towards
   * @param announced size of the body, where the request states it
   * @throws AppError `overloaded`, `body_too_large`
   */
  abstract hold(caller: string, announced?: number): BodyHolding;
}
