/** What class-validator finds, as one list. */
import type { ValidationError } from 'class-validator';

/** One rule that an object breaks. */
export interface Violation {
  /** Path of the field, such as `models.detector.family`. */
  readonly field: string;
  /** What is wrong, in words that begin with the field. */
  readonly message: string;
}

/** Every broken rule, those of nested objects included. */
export function violationsOf(errors: readonly ValidationError[], parent?: string): Violation[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const field = parent === undefined ? property : `${parent}.${property}`;
    const own = Object.values(constraints).map((text) => ({ field, message: text.replace(property, field) }));
    return [...own, ...violationsOf(children, field)];
  });
}
