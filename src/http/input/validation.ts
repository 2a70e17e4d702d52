/** Validation of what callers send against a DTO: known fields, of the right type, within their bounds. */
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidatorOptions } from 'class-validator';
import { AppError } from '../../errors.js';
import { type Violation, violationsOf } from '../../validation-errors.js';
import { validation } from '../problems/problem.js';

const RULES: ValidatorOptions = {
  forbidUnknownValues: true,
  // Never echo what was sent: it may be an image, or a URL with credentials.
  validationError: { target: false, value: false },
};

/** Most fields of an object; no DTO has as many. Each field that is not known costs as much as one that is. */
const MAX_FIELDS = 64;
/** A picture in base64 is the only text that may be longer: lists and numbers are made of others before they are judged. */
const MAX_TEXT = 16 * 1024;
const PICTURE = /_base64$/;
/** Most problems that an answer lists. */
const MAX_PROBLEMS = 20;
/** Names of fields are the caller's words: so much of one is repeated. */
const MAX_SHOWN_NAME = 64;

/** The fields of each DTO, as far as they were asked for. */
const knownFields = new Map<object, ReadonlySet<string>>();

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
  const long = given.find(([name, value]) => isTooLong(value) && !PICTURE.test(name));
  if (long !== undefined)
    throw validation(shown(long[0]), `is longer than ${MAX_TEXT} characters: no option is as long`);
  // Transforms turn text into other types. What is an object already stays as it is: class-transformer would copy the
  // bytes of pictures, and takes quadratic time for objects of many fields.
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

/** The fields of a DTO. Others never get near an instance of it: `constructor` would make it one of something else. */
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

/** A caller's own name for something, as far as it is repeated in an answer. */
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
