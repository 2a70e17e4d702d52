/** Reads a picture from Amazon S3 or a compatible store. The only file that knows the AWS SDK. */
import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { AppError } from '../../errors.js';
import { downloadFailed, readCapped, transfer } from './transfer.js';

/** Signs requests where no region is known; Amazon points from there to a bucket's own region, other stores do not care. */
const DEFAULT_REGION = 'us-east-1';
/** Bucket names, old ones with capitals and underscores included; no ARNs, which could name other accounts' endpoints. */
const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,253}[a-z0-9])\/(.+)$/is;

interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

@Injectable()
export class S3Source implements OnApplicationShutdown {
  private client: Promise<S3Client> | undefined;

  constructor(private readonly config: Config) {}

  async onApplicationShutdown(): Promise<void> {
    (await this.client)?.destroy();
  }

  /**
   * Reads `s3://bucket/key`. The key is everything after the bucket, as the AWS console and command line write it.
   * Where there is none and the key holds percent-encoding, its decoded form is tried: many URL libraries cannot
   * write a space otherwise.
   * @param field the request field named in errors
   * @throws AppError `object_not_found`, `download_failed`, `address_forbidden`, `image_too_large`, `deadline_exceeded`
   */
  load(url: string, field: string, request: AbortSignal): Promise<Uint8Array> {
    const download = async (signal: AbortSignal): Promise<Uint8Array> => {
      const location = this.locate(url, field);
      try {
        return await this.read(location, field, signal);
      } catch (error) {
        const key = decodeKey(location.key);
        if (key === location.key || !mayBeMissing(error)) throw error;
        return this.read({ ...location, key: checkKey(key, field) }, field, signal);
      }
    };
    return transfer(field, request, this.config.urlTimeoutMs, download, (error) => explain(error, field));
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

  private async read(
    { bucket, key }: ObjectLocation,
    field: string,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    this.client ??= connect(this.config);
    const client = await this.client;
    const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
      abortSignal: signal,
    });
    if (!(Body instanceof Readable)) throw new Error('the store sent no body');
    return readCapped(Body, ContentLength, this.config.imageMaxBytes, field, signal);
  }
}

/**
 * The address policy does not apply here: the endpoint is the operator's choice, often a private one, and a caller
 * can pick no more of it than bucket and key.
 */
async function connect(config: Config): Promise<S3Client> {
  const settings = {
    endpoint: config.s3Endpoint,
    forcePathStyle: config.s3ForcePathStyle,
    followRegionRedirects: true,
    // A checksum would wrap the body in a stream that cannot be cut off cleanly; TLS already guards the bytes.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: config.urlTimeoutMs, requestTimeout: config.urlTimeoutMs },
  } as const;
  const client = new S3Client({
    ...settings,
    ...(config.s3Region === undefined ? {} : { region: config.s3Region }),
  });
  try {
    // The SDK finds the region in its own environment variables and files; only here it says that there is none.
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    return new S3Client({ ...settings, region: DEFAULT_REGION });
  }
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

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}

/** Without the right to list a bucket, Amazon answers 403 for what is not there. */
function mayBeMissing(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || status === 403;
}

/** Names and statuses only: the store's own messages hold hosts, keys and account numbers. */
function explain(error: unknown, field: string): AppError {
  const status = statusOf(error);
  const name =
    typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : 'unknown error';
  if (status === 404) {
    const missing = name === 'NoSuchBucket' ? 'bucket' : 'object';
    return new AppError(
      'object_not_found',
      `The ${missing} that ${field} names is not in the store: check bucket and key.`,
      { field },
      { cause: error },
    );
  }
  if (status === 403) {
    return downloadFailed(
      field,
      'the store denies access; the service needs permission to read this object (s3:GetObject), and to list its bucket to tell a missing object',
      error,
    );
  }
  if (name === 'CredentialsProviderError') {
    return downloadFailed(
      field,
      'the service has no AWS credentials; the operator has to provide them by environment, profile or role',
      error,
    );
  }
  return downloadFailed(
    field,
    `the store could not be read (${name}${status === undefined ? '' : `, status ${status}`}); try again, or have the operator check the S3 settings`,
    error,
  );
}
