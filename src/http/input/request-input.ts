/** One view of a request, however it is sent: JSON, multipart form or raw picture, with options in body or query. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AppError } from '../../errors.js';
import { InputPipe, withoutNulls } from './validation.js';

/**
 * Parameter decorator: query parameters and the fields of the body as one object, validated as the DTO the parameter is
 * typed with. Files, and a raw body, are bytes under the name of their field.
 */
export const RequestInput = (): ParameterDecorator => PlainInput(new InputPipe());

const PlainInput = createParamDecorator((_: unknown, context: ExecutionContext): Record<string, unknown> => {
  const request = context.switchToHttp().getRequest<Request>();
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new AppError('malformed_body', 'The request body must be a JSON object.');
  return withoutNulls({ ...request.query, ...body });
});
