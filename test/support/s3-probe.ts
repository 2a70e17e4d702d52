/**
 * Reads an object from each of the stores given as arguments, and prints as JSON how that failed. A process of its own:
 * in Jest's context the errors of Node's sockets are no instances of `Error`, and the SDK throws their codes away.
 */
import { AppError } from '../../src/errors.js';
import { causesOf } from '../../src/images/sources/causes.js';
import { S3Source } from '../../src/images/sources/s3.source.js';
import { configWith } from './config.js';
import { patient } from './refusals.js';

/** How a read failed. */
export interface ProbeResult {
  readonly code: string;
  readonly message: string;
  readonly causes: readonly string[];
}

async function probe(s3Endpoint: string): Promise<ProbeResult> {
  const source = new S3Source(configWith({ s3Endpoint, s3ForcePathStyle: true, urlTimeoutMs: 2_000 }));
  try {
    await source.load('s3://photos/a.jpg', 'image_url', patient);
  } catch (error) {
    if (error instanceof AppError)
      return { code: error.code, message: error.message, causes: causesOf(error.cause) };
    throw error;
  } finally {
    source.onApplicationShutdown();
  }
  throw new Error('expected a refusal');
}

console.log(JSON.stringify(await Promise.all(process.argv.slice(2).map(probe))));
