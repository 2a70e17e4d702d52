/** One view of a request, however it is sent: JSON, multipart form or raw picture, with options in body or query. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AppError } from '../errors.js';
import { InputPipe, withoutNulls } from './validation.js';

/** Media types that carry a picture as the whole body. */
export const RAW_IMAGE_TYPES = ['image/*', 'application/octet-stream'];

/**
 * Parameter decorator: query parameters, body fields and uploaded files as one object, validated as the DTO the
 * parameter is typed with. Files appear under their form field as bytes, a raw body as `image`.
 */
export const RequestInput = (): ParameterDecorator => PlainInput(new InputPipe());

const PlainInput = createParamDecorator((_: unknown, context: ExecutionContext): Record<string, unknown> => {
  const request = context.switchToHttp().getRequest<Request>();
  return withoutNulls({ ...request.query, ...bodyFields(request), ...uploadedFiles(request) });
});

function bodyFields(request: Request): Record<string, unknown> {
  const body: unknown = request.body;
  if (Buffer.isBuffer(body)) return { image: body };
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>;
  if (body !== undefined) throw new AppError('malformed_body', 'The request body must be a JSON object.');
  const type = request.get('content-type');
  if (
    type === undefined ||
    request.is(['application/json', 'multipart/form-data', ...RAW_IMAGE_TYPES]) !== false
  )
    return {};
  throw new AppError(
    'unsupported_media_type',
    `The content type ${type.split(';')[0]} is not supported; send application/json, multipart/form-data or image/*.`,
  );
}

function uploadedFiles({ files }: Request): Record<string, Buffer> {
  const list = Array.isArray(files) ? files : Object.values(files ?? {}).flat();
  return Object.fromEntries(list.map(({ fieldname, buffer }) => [fieldname, buffer]));
}
