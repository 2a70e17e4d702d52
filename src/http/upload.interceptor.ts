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

/** An interceptor that accepts one picture in each of the named form fields. */
export function Uploads(...fields: string[]): Type<NestInterceptor> {
  @Injectable()
  class UploadInterceptor implements NestInterceptor {
    private readonly read: ReturnType<multer.Multer['fields']>;

    constructor({ imageMaxBytes, maxBodyBytes }: Config) {
      this.read = multer({
        storage: multer.memoryStorage(),
        limits: {
          fileSize: imageMaxBytes,
          files: fields.length,
          fields: 16,
          parts: 16 + fields.length,
          fieldSize: maxBodyBytes,
        },
      }).fields(fields.map((name) => ({ name, maxCount: 1 })));
    }

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const http = context.switchToHttp();
      await new Promise<void>((resolve, reject) => {
        this.read(http.getRequest<Request>(), http.getResponse<Response>(), (error: unknown) => {
          if (error === undefined || error === null) resolve();
          else reject(error);
        });
      });
      return next.handle();
    }
  }
  return mixin(UploadInterceptor);
}
