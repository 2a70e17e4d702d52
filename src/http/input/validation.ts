/** Validates a caller's input against a DTO: only known fields, of the right type, within their bounds. */
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidatorOptions } from 'class-validator';
import { AppError } from '../../errors.js';
import { type Violation, violationsOf } from '../../validation-errors.js';
import { validation } from '../problems/problem.js';

const RULES: ValidatorOptions = {
  forbidUnknownValues: true,
  // Never repeat the input: it may be an image, or a URL with credentials.
  validationError: { target: false, value: false },
};

/** Maximum number of fields; no DTO has as many. An unknown field costs as much as a known one. */
const MAX_FIELDS = 64;
/** Maximum length of a text that is not a picture in base64: others are converted to lists and numbers before validation. */
const MAX_TEXT = 16 * 1024;
const PICTURE = /_base64$/;
/** Maximum number of problems that an answer lists. */
const MAX_PROBLEMS = 20;
/** Field names come from the caller, so messages repeat at most this many characters of one. */
const MAX_SHOWN_NAME = 64;

/** Cache: the fields of each DTO. */
const knownFields = new Map<object, ReadonlySet<string>>();

/** The pipe behind `RequestInput`. */
export class InputPipe implements PipeTransform<object, Promise<object>> {
  transform(input: object, { metatype }: ArgumentMetadata): Promise<object> {
    if (metatype === undefined) throw new Error('The type of a RequestInput parameter must be a DTO class.');
    return validated(metatype as ClassConstructor<object>, input);
  }
}

/**
 * Returns the object as an instance of its DTO.
 * @throws AppError `invalid_request` that lists each problem with its field
 */
export async function validated<T extends object>(type: ClassConstructor<T>, plain: object): Promise<T> {
  const given = Object.entries(withoutNulls(plain));
  if (given.length > MAX_FIELDS)
    throw validation('body', `has more than ${MAX_FIELDS} fields: send only the documented ones`);
  const long = given.find(([name, value]) => isTooLong(value) && !PICTURE.test(name));
  if (long !== undefined)
    throw validation(shown(long[0]), `is longer than ${MAX_TEXT} characters: send a shorter value`);
  // Transforms turn text into other types. Values that are already objects skip them: class-transformer would copy the
  // bytes of pictures, and needs quadratic time for objects with many fields.
  const names = fieldsOf(type);
  const known = given.filter(([name]) => names.has(name));
  const texts = known.filter(([, value]) => typeof value !== 'object');
  const objects = known.filter(([, value]) => typeof value === 'object');
  const instance = Object.assign(
    plainToInstance(type, Object.fromEntries(texts)),
    Object.fromEntries(objects),
  );
  const errors = [
    ...given.filter(([name]) => !names.has(name)).map(([name]) => unknown(name)),
    ...violationsOf(await validate(instance, RULES)),
  ];
  if (errors.length > 0) throw invalidRequest(errors);
  return instance;
}

/** The fields of a DTO. Others are never assigned to an instance: `constructor`, for one, would change its class. */
function fieldsOf(type: ClassConstructor<object>): ReadonlySet<string> {
  const found =
    knownFields.get(type) ??
    new Set(
      getMetadataStorage()
        .getTargetValidationMetadatas(type, '', false, false)
        .map(({ propertyName }) => propertyName),
    );
  knownFields.set(type, found);
  return found;
}

function isTooLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > MAX_TEXT;
}

/** Many clients write `null` for a field they do not mean to send. */
export function withoutNulls(plain: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== null));
}

/** A name that comes from the caller, shortened and cleaned so that an answer may repeat it. */
export function shown(name: string): string {
  return name.slice(0, MAX_SHOWN_NAME).replace(/[^\w.*/+-]/g, '?') || '(no name)';
}

function invalidRequest(all: readonly Violation[]): AppError {
  const errors = all.slice(0, MAX_PROBLEMS);
  const more = all.length > errors.length ? `; and ${all.length - errors.length} more problems` : '';
  return new AppError('invalid_request', `${errors.map(({ message }) => message).join('; ')}${more}.`, {
    errors,
  });
}

function unknown(name: string): Violation {
  const field = shown(name);
  return { field, message: `property ${field} should not exist` };
}
