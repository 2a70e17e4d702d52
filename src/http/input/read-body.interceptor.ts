/**
 * Reads the body of a request into `request.body`, only on routes that take one. It runs after the access check, so that no
 * body of an unauthorised caller is read.
 */
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  mixin,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Observable } from 'rxjs';
import { Config } from '../../config/config.js';
import { AppError } from '../../errors.js';
import { recordOf } from '../../telemetry/request-recorder.js';
import { BodyGate } from './body-gate.js';
import { ByteCollector } from './byte-collector.js';
import { FormBody } from './form-body.js';
import { JsonBody } from './json-body.js';
import { assertUtf8, kindOf, mediaTypeOf } from './media-type.js';
import { announcedBytes, type BodyLimits, receiveBody } from './receive-body.js';
import { shown } from './validation.js';

/** What a route accepts besides JSON. */
export interface BodyOptions {
  /** Form fields that hold a file. None: the route accepts no forms. */
  readonly files?: readonly string[];
  /** Whether the body itself may be a picture. It is then stored under the first name of `files`. */
  readonly raw?: boolean;
  /** Recognises a picture by its bytes, for bodies whose type is missing or vague. */
  readonly isPicture?: (bytes: Uint8Array) => boolean;
}

/** How much longer than a picture its base64 text may be: a third, plus line breaks, escaped slashes and a prefix. */
const BASE64_GROWTH = (4 / 3) * 1.25;
const BASE64_PREFIX = 1024;

/** An interceptor that reads the body. The route then takes its input as a `RequestInput`. */
export function ReadsBody({ files = [], raw = false, isPicture }: BodyOptions = {}): Type<NestInterceptor> {
  @Injectable()
  class ReadBodyInterceptor implements NestInterceptor {
    constructor(
      private readonly config: Config,
      private readonly gate: BodyGate,
    ) {}

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const http = context.switchToHttp();
      const request = http.getRequest<Request>();
      const response = http.getResponse<Response>();
      this.gate.assertRoom();
      request.body = await this.read(request, response);
      return next.handle();
    }

    private read(request: Request, response: Response): Promise<unknown> {
      const { maxBodyBytes, imageMaxBytes } = this.config;
      const type = mediaTypeOf(request.headers);
      const kind = kindOf(type);
      const isEmpty = announcedBytes(request) === 0;
      if (isEmpty && kind !== 'picture') return Promise.resolve({});
      const isAllowed = kind === 'json' || (kind === 'form' ? files.length > 0 : raw);
      if (!isAllowed || (kind === 'other' && isPicture === undefined)) throw unsupported(type);
      const maxBytes = kind === 'json' || kind === 'form' ? maxBodyBytes : imageMaxBytes;
      const { countedAs, signal } = recordOf(request);
      const holding = this.gate.hold(countedAs, announcedBytes(request));
      response.once('close', () => holding.free());
      const limits: BodyLimits = { maxBytes, holding, signal };
      if (kind === 'json') return this.readJson(request, response, limits);
      if (kind === 'form') return this.readForm(request, response, limits);
      return this.readPicture(request, response, limits);
    }

    private async readJson(request: Request, response: Response, limits: BodyLimits): Promise<unknown> {
      assertUtf8(request.headers);
      const body = new JsonBody(this.maxTextBytes);
      await receiveBody(request, response, limits, (piece) => body.write(piece));
      return body.end() ?? {};
    }

    private async readForm(request: Request, response: Response, limits: BodyLimits): Promise<unknown> {
      const { maxTextBytes } = this;
      const form = new FormBody(request.headers, {
        files,
        maxTextBytes,
        maxFileBytes: this.config.imageMaxBytes,
      });
      await receiveBody(request, response, limits, (piece) => form.write(piece));
      return form.end();
    }

    private async readPicture(request: Request, response: Response, limits: BodyLimits): Promise<unknown> {
      const bytes = new ByteCollector();
      await receiveBody(request, response, limits, (piece) => bytes.push(piece));
      const picture = bytes.take();
      const type = mediaTypeOf(request.headers);
      if (kindOf(type) === 'other' && isPicture?.(picture) !== true) throw unsupported(type);
      return { [files[0]]: picture };
    }

    private get maxTextBytes(): number {
      return Math.ceil(this.config.imageMaxBytes * BASE64_GROWTH) + BASE64_PREFIX;
    }
  }

  function unsupported(type: string | undefined): AppError {
    const types = [
      'application/json',
      ...(files.length > 0 ? ['multipart/form-data'] : []),
      ...(raw ? ['image/*'] : []),
    ];
    const remedy = `send ${types.join(', ').replace(/, ([^,]*)$/, ' or $1')}`;
    const problem =
      type === undefined
        ? 'The request has no Content-Type header'
        : `The content type ${shown(type)} is not supported here`;
    return new AppError('unsupported_media_type', `${problem}: ${remedy}.`);
  }

  return mixin(ReadBodyInterceptor);
}
