/** One view of a request, however it is sent: as JSON, multipart form or raw picture, with options in the body or the query. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AppError } from '../../errors.js';
import { InputPipe, withoutNulls } from './validation.js';

/**
 * Parameter decorator: merges query parameters and body fields into one object and validates it against the DTO that is
 * the parameter's type. Files and a raw body are bytes under the name of their field.
 */
export const RequestInput = (): ParameterDecorator => PlainInput(new InputPipe());

const PlainInput = createParamDecorator((_: unknown, context: ExecutionContext): Record<string, unknown> => {
  const request = context.switchToHttp().getRequest<Request>();
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new AppError('malformed_body', 'The request body must be a JSON object.');
  return withoutNulls({ ...request.query, ...body });
});
