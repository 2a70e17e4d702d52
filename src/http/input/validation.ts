/** Validation of what callers send against a DTO: known fields, of the right type, within their bounds. */
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { validate, type ValidationError, type ValidatorOptions } from 'class-validator';
import { AppError } from '../../errors.js';
import { validation } from '../problem.js';

const RULES: ValidatorOptions = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  // Never echo what was sent: it may be an image, or a URL with credentials.
  validationError: { target: false, value: false },
};

/** Most fields of an object; no DTO has as many. Each field that is not known costs as much as one that is. */
const MAX_FIELDS = 64;
/** Most problems that an answer lists. */
const MAX_PROBLEMS = 20;
/** Names of fields are the caller's words: so much of one is repeated. */
const MAX_SHOWN_NAME = 64;

/** The pipe behind `RequestInput`. */
export class InputPipe implements PipeTransform<object, Promise<object>> {
  transform(input: object, { metatype }: ArgumentMetadata): Promise<object> {
    if (metatype === undefined) throw new Error('RequestInput needs a parameter that is typed with a DTO.');
    return validated(metatype as ClassConstructor<object>, input);
  }
}

/**
 * The object as an instance of its DTO.
 * @throws AppError `invalid_request` that lists what is wrong with which field
 */
export async function validated<T extends object>(type: ClassConstructor<T>, plain: object): Promise<T> {
  const given = Object.entries(withoutNulls(plain));
  if (given.length > MAX_FIELDS)
    throw validation('body', `has more than ${MAX_FIELDS} fields: send those of the documentation alone`);
  // Transforms turn text into other types. What is an object already stays as it is: class-transformer would copy the
  // bytes of pictures, and takes quadratic time for objects of many fields.
  const texts = given.filter(([, value]) => typeof value !== 'object');
  const instance = plainToInstance(type, Object.fromEntries(texts));
  for (const [name, value] of given) if (typeof value === 'object') define(instance, name, value);
  const violations = await validate(instance, RULES);
  if (violations.length > 0) throw invalidRequest(violations);
  return instance;
}

/** Many clients write `null` for a field they do not mean to send. */
export function withoutNulls(plain: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== null));
}

/** A caller's own name for something, as far as it is repeated in an answer. */
export function shown(name: string): string {
  return name.slice(0, MAX_SHOWN_NAME).replace(/[^\w.*/+-]/g, '?') || '(no name)';
}

/** Not an assignment: `__proto__` is a field like any other that nobody asked for. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

function invalidRequest(violations: readonly ValidationError[]): AppError {
  const all = violations.flatMap((violation) => flatten(violation));
  const errors = all.slice(0, MAX_PROBLEMS);
  const more = all.length > errors.length ? `; and ${all.length - errors.length} more problems` : '';
  return new AppError('invalid_request', `${errors.map(({ message }) => message).join('; ')}${more}.`, {
    errors,
  });
}

function flatten({ property, constraints }: ValidationError): { field: string; message: string }[] {
  const field = shown(property);
  return Object.values(constraints ?? {}).map((message) => ({
    field,
    message: property === field || property === '' ? message : message.replaceAll(property, () => field),
  }));
}
