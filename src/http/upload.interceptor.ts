/** Reads multipart forms into memory within the image limits; other bodies pass untouched. */
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  mixin,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer from 'multer';
import type { Observable } from 'rxjs';
import { Config } from '../config/config.js';
import { AppError } from '../errors.js';
import { bodyTooLarge, validation } from './problem.js';

/** An interceptor that accepts one picture in each of the named form fields. */
export function Uploads(...fields: string[]): Type<NestInterceptor> {
  @Injectable()
  class UploadInterceptor implements NestInterceptor {
    private readonly read: ReturnType<multer.Multer['fields']>;

    constructor(private readonly config: Config) {
      this.read = multer({
        storage: multer.memoryStorage(),
        limits: {
          fileSize: config.imageMaxBytes,
          files: fields.length,
          fields: 16,
          parts: 16 + fields.length,
          fieldSize: config.maxBodyBytes,
        },
      }).fields(fields.map((name) => ({ name, maxCount: 1 })));
    }

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const http = context.switchToHttp();
      const request = http.getRequest<Request>();
      if (request.is('multipart/form-data') !== false) {
        await this.readForm(request, http.getResponse<Response>());
      }
      return next.handle();
    }

    private readForm(request: Request, response: Response): Promise<void> {
      const { imageMaxBytes, maxBodyBytes } = this.config;
      return new Promise((resolve, reject) => {
        // multer caps each part, not their sum.
        let bytes = 0;
        request.on('data', (chunk: Buffer) => {
          bytes += chunk.byteLength;
          if (bytes <= maxBodyBytes) return;
          request.unpipe().pause();
          reject(bodyTooLarge(maxBodyBytes));
        });
        this.read(request, response, (error: unknown) => {
          if (error === undefined || error === null) resolve();
          else reject(explain(error, imageMaxBytes));
        });
      });
    }
  }
  return mixin(UploadInterceptor);
}

/** What multer and the form parser below it refuse, in our words. */
function explain(error: unknown, imageMaxBytes: number): AppError {
  if (!(error instanceof multer.MulterError)) {
    return new AppError(
      'malformed_body',
      'The form cannot be read: it is cut short, or its content type lacks the boundary between its parts.',
      {},
      { cause: error },
    );
  }
  const { code, field = 'body' } = error;
  if (code !== 'LIMIT_FILE_SIZE') {
    return validation(field, 'is not an expected form field, or comes too often');
  }
  return new AppError(
    'image_too_large',
    `The picture in ${field} has more than ${imageMaxBytes} bytes, the most this service accepts: send a smaller or more compressed one.`,
    { field, maxBytes: imageMaxBytes },
  );
}
