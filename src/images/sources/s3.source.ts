/** Reads a picture from Amazon S3 or a compatible store. The only file that knows the AWS SDK. */
import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { AppError } from '../../errors.js';
import { downloadFailed } from './download-failed.js';
import { explainS3, mayBeMissing, statusOf } from './s3-errors.js';
import { type ByteCount, type ReadBounds, readCapped, transfer } from './transfer.js';

/** Signs requests where no region is known; Amazon points from there to a bucket's own region, other stores do not care. */
const DEFAULT_REGION = 'us-east-1';
/** A region's name, as it becomes part of a host. */
const REGION = /^[a-z0-9-]{1,64}$/;
/** More regions than Amazon has. */
const MAX_REGIONS = 64;
/** Enough for every error a store writes; the SDK itself would read on without end. */
const MAX_ERROR_BYTES = 16 * 1024;
/** Bucket names, old ones with capitals and underscores included; no ARNs, which could name other accounts' endpoints. */
const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,253}[a-z0-9])\/(.+)$/is;

interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

@Injectable()
export class S3Source implements OnApplicationShutdown {
  /** By region; under '' the one that the settings name. */
  private readonly clients = new Map<string, Promise<S3Client>>();

  constructor(private readonly config: Config) {}

  onApplicationShutdown(): void {
    for (const connecting of this.clients.values())
      connecting.then((client) => client.destroy()).catch(() => undefined);
  }

  /**
   * Reads `s3://bucket/key`. The key is everything after the bucket, as the AWS console and command line write it.
   * Where there is none and the key holds percent-encoding, its decoded form is tried: many URL libraries cannot
   * write a space otherwise.
   * @param field the request field named in errors
   * @param bytes counts what is kept
   * @throws AppError `object_not_found`, `download_failed`, `address_forbidden`, `image_too_large`, `deadline_exceeded`,
   *   and what `bytes` throws
   */
  load(url: string, field: string, request: AbortSignal, bytes?: ByteCount): Promise<Uint8Array> {
    const { urlTimeoutMs, imageMaxBytes: maxBytes } = this.config;
    const download = async (signal: AbortSignal): Promise<Uint8Array> => {
      const location = this.locate(url, field);
      const bounds = { maxBytes, field, signal, bytes };
      try {
        return await this.read(location, bounds);
      } catch (error) {
        const key = decodeKey(location.key);
        if (key === location.key || !mayBeMissing(error)) throw error;
        return this.read({ ...location, key: checkKey(key, field) }, bounds);
      }
    };
    return transfer(field, request, urlTimeoutMs, download, (error) => explainS3(error, field));
  }

  private locate(url: string, field: string): ObjectLocation {
    const [, bucket, key] = S3_URL.exec(url.trim()) ?? [];
    if (bucket === undefined || key === undefined) {
      throw downloadFailed(field, 'it is not a valid S3 URL; write s3://bucket/key');
    }
    const { s3AllowedBuckets } = this.config;
    if (s3AllowedBuckets.length > 0 && !s3AllowedBuckets.includes(bucket)) {
      throw new AppError(
        'address_forbidden',
        `The bucket in ${field} is not one this service reads: use another, or have the operator add it to S3_ALLOWED_BUCKETS.`,
        { field },
      );
    }
    return { bucket, key: checkKey(key, field) };
  }

  private async read(location: ObjectLocation, bounds: ReadBounds): Promise<Uint8Array> {
    const { Body, ContentLength, ContentEncoding } = await this.open(location, bounds.signal);
    if (!(Body instanceof Readable)) throw new Error('the store sent no body');
    return readCapped(Body, { announced: ContentLength, coding: ContentEncoding }, bounds);
  }

  /**
   * Follows the store once to the bucket's own region. The SDK could do that itself, but swaps the region of the one
   * client while it does, and requests that run beside it go astray.
   */
  private async open(location: ObjectLocation, signal: AbortSignal): Promise<GetObjectCommandOutput> {
    const command = new GetObjectCommand({ Bucket: location.bucket, Key: location.key });
    try {
      return await (await this.client('')).send(command, { abortSignal: signal });
    } catch (error) {
      const region = regionNamedBy(error);
      if (region === undefined || (this.clients.size > MAX_REGIONS && !this.clients.has(region))) throw error;
      return (await this.client(region)).send(command, { abortSignal: signal });
    }
  }

  private client(region: string): Promise<S3Client> {
    const known = this.clients.get(region);
    if (known !== undefined) return known;
    const connecting = connect(this.config, region || this.config.s3Region);
    this.clients.set(region, connecting);
    connecting.catch(() => this.clients.delete(region));
    return connecting;
  }
}

/**
 * The address policy does not apply here: the endpoint is the operator's choice, often a private one, and a caller
 * can pick no more of it than bucket and key.
 */
async function connect(config: Config, region: string | undefined): Promise<S3Client> {
  const agent = { maxSockets: config.urlMaxDownloads };
  const settings = {
    endpoint: config.s3Endpoint,
    forcePathStyle: config.s3ForcePathStyle,
    // A checksum would wrap the body in a stream that cannot be cut off cleanly; TLS already guards the bytes.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Three attempts at a host that does not answer fit into the deadline, so that the error can say so.
    requestHandler: {
      connectionTimeout: Math.ceil(config.urlTimeoutMs / 4),
      httpAgent: agent,
      httpsAgent: agent,
    },
  } as const;
  const client = new S3Client({ ...settings, ...(region === undefined ? {} : { region }) });
  try {
    // The SDK finds the region in its own environment variables and files; only here it says that there is none.
    await client.config.region();
    return capErrors(client);
  } catch {
    client.destroy();
    return capErrors(new S3Client({ ...settings, region: DEFAULT_REGION }));
  }
}

/** Cuts off what a store sends besides objects, before the SDK reads it. */
function capErrors(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next) => async (sent) => {
      const output = await next(sent);
      const { statusCode, body } = output.response as { statusCode: number; body?: unknown };
      if (statusCode >= 200 && statusCode < 300) return output;
      if (body instanceof Readable) Object.assign(output.response as object, { body: await head(body) });
      return output;
    },
    { step: 'deserialize', priority: 'low', name: 'capErrors' },
  );
  return client;
}

/** The body of an error; nothing of one that is too long, as half of it tells no more than its status. */
async function head(body: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop destroys the stream, and its socket with it.
    if (bytes > MAX_ERROR_BYTES) return new Uint8Array();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** Where a store says that the bucket lives; undefined where the error is another. */
function regionNamedBy(error: unknown): string | undefined {
  const { $response } = (error ?? {}) as { $response?: { headers?: Readonly<Record<string, string>> } };
  const region = $response?.headers?.['x-amz-bucket-region'];
  const status = statusOf(error);
  if (region === undefined || !REGION.test(region)) return undefined;
  return status === 301 || status === 307 || status === 400 ? region : undefined;
}

/** A store that tidies paths would read `..` as a way out of the bucket, past the list of allowed ones. */
function checkKey(key: string, field: string): string {
  if (!key.split('/').some((part) => part === '.' || part === '..')) return key;
  throw downloadFailed(field, 'its key holds "." or ".." as a path segment; use a key without them');
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // a lone % is part of the name
  }
}
