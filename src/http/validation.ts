/** Validation of request DTOs: a pipe for whole requests, and the same rules for objects inside a body. */
import { type ArgumentMetadata, ValidationPipe, type ValidationError } from '@nestjs/common';
import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { validate, type ValidatorOptions } from 'class-validator';
import { AppError } from '../errors.js';

const RULES: ValidatorOptions = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  // Never echo what was sent: it may be an image, or a URL with credentials.
  validationError: { target: false, value: false },
};

/** The pipe behind `RequestInput`. A violation is an AppError `invalid_request` that lists every field. */
export class InputPipe extends ValidationPipe {
  constructor() {
    super({
      ...RULES,
      transform: true,
      validateCustomDecorators: true,
      exceptionFactory: invalidRequest,
    });
  }

  /** Files take no part but by their names and kind: class-transformer would copy their bytes. */
  override async transform(input: Record<string, unknown>, metadata: ArgumentMetadata): Promise<object> {
    const files = Object.entries(input).filter(([, value]) => value instanceof Uint8Array);
    const standIns = files.map(([field]) => [field, Buffer.alloc(0)]);
    const instance = (await super.transform(
      { ...input, ...Object.fromEntries(standIns) },
      metadata,
    )) as object;
    return Object.assign(instance, Object.fromEntries(files));
  }
}

/** @throws AppError `invalid_request` */
export async function validated<T extends object>(type: ClassConstructor<T>, plain: object): Promise<T> {
  const instance = plainToInstance(type, withoutNulls(plain));
  const errors = await validate(instance, RULES);
  if (errors.length > 0) throw invalidRequest(errors);
  return instance;
}

/** Many clients write `null` for a field they do not mean to send. */
export function withoutNulls(plain: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== null));
}

function invalidRequest(violations: ValidationError[]): AppError {
  const errors = violations.flatMap((violation) => flatten(violation, ''));
  return new AppError('invalid_request', `${errors.map(({ message }) => message).join('; ')}.`, { errors });
}

function flatten(
  { property, constraints, children }: ValidationError,
  parent: string,
): { field: string; message: string }[] {
  const field = parent === '' ? property : `${parent}.${property}`;
  const own = Object.values(constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(children ?? []).flatMap((child) => flatten(child, field))];
}
