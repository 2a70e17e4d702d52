/** Reads a picture from Amazon S3 or a compatible store. The only file that imports the AWS SDK. */
import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { AppError } from '../../errors.js';
import { downloadFailed } from './download-failed.js';
import { explainS3, mayBeMissing, statusOf } from './s3-errors.js';
import { type ByteCount, type ReadBounds, readCapped, transfer } from './transfer.js';

/** Used for signing if no region is known. Amazon redirects from there to the bucket's region; other stores ignore it. */
const DEFAULT_REGION = 'us-east-1';
/** The name of a region: it becomes part of a host name. */
const REGION = /^[a-z0-9-]{1,64}$/;
/** More regions than Amazon has. */
const MAX_REGIONS = 64;
/** Enough for any error document of a store; the SDK itself sets no limit. */
const MAX_ERROR_BYTES = 16 * 1024;
/** Bucket names, including old ones with capitals and underscores. No ARNs: they could name endpoints of other accounts. */
const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,253}[a-z0-9])\/(.+)$/is;

interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

@Injectable()
export class S3Source implements OnApplicationShutdown {
  /** By region. The key '' stands for the configured region. */
  private readonly clients = new Map<string, Promise<S3Client>>();

  constructor(private readonly config: Config) {}

  onApplicationShutdown(): void {
    for (const connecting of this.clients.values())
      connecting.then((client) => client.destroy()).catch(() => undefined);
  }

  /**
   * Reads `s3://bucket/key`. The key is everything after the bucket, as the AWS console and command line write it. If that
   * object does not exist and the key contains percent-encoding, the decoded key is tried: many URL libraries can write a
   * space only that way.
   * @param field the request field named in errors
   * @param bytes counts the bytes that are kept
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
        `This service does not read from the bucket in ${field}: use another bucket, or ask the operator to add it to S3_ALLOWED_BUCKETS.`,
        { field },
      );
    }
    return { bucket, key: checkKey(key, field) };
  }

  private async read(location: ObjectLocation, bounds: ReadBounds): Promise<Uint8Array> {
    const { Body, ContentLength, ContentEncoding } = await this.open(location, bounds.signal);
    if (!(Body instanceof Readable)) throw new Error('The store sent no body.');
    return readCapped(Body, { announced: ContentLength, coding: ContentEncoding }, bounds);
  }

  /**
   * Follows one redirect of the store to the bucket's own region. The SDK could do that, but it changes the region of its
   * client meanwhile, which misdirects concurrent requests.
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
 * The address policy does not apply here: the operator chooses the endpoint, which is often private, and a caller can choose
 * only bucket and key.
 */
async function connect(config: Config, region: string | undefined): Promise<S3Client> {
  const agent = { maxSockets: config.urlMaxDownloads };
  const settings = {
    endpoint: config.s3Endpoint,
    forcePathStyle: config.s3ForcePathStyle,
    // A checksum would wrap the body in a stream that cannot be aborted cleanly. TLS already protects the bytes.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Three attempts at a silent host fit into the deadline, so that the error can say what happened.
    requestHandler: {
      connectionTimeout: Math.ceil(config.urlTimeoutMs / 4),
      httpAgent: agent,
      httpsAgent: agent,
    },
  } as const;
  const client = new S3Client({ ...settings, ...(region === undefined ? {} : { region }) });
  try {
    // The SDK looks for the region in its own environment variables and files. This call throws if there is none.
    await client.config.region();
    return capErrors(client);
  } catch {
    client.destroy();
    return capErrors(new S3Client({ ...settings, region: DEFAULT_REGION }));
  }
}

/** Limits the size of error documents before the SDK reads them. */
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

/** The body of an error; empty if it is too long, because half a document says no more than the status. */
async function head(body: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop destroys the stream and its socket.
    if (bytes > MAX_ERROR_BYTES) return new Uint8Array();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

/** The region that the store names for the bucket; undefined for any other error. */
function regionNamedBy(error: unknown): string | undefined {
  const { $response } = (error ?? {}) as { $response?: { headers?: Readonly<Record<string, string>> } };
  const region = $response?.headers?.['x-amz-bucket-region'];
  const status = statusOf(error);
  if (region === undefined || !REGION.test(region)) return undefined;
  return status === 301 || status === 307 || status === 400 ? region : undefined;
}

/** Refuses path segments such as `..`: a store that normalises paths would leave the bucket, and so bypass S3_ALLOWED_BUCKETS. */
function checkKey(key: string, field: string): string {
  if (!key.split('/').some((part) => part === '.' || part === '..')) return key;
  throw downloadFailed(field, 'its key has "." or ".." as a path segment; use a key without them');
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // A lone % is part of the name.
  }
}
