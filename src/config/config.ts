/** Every environment variable of the service, with its default, its bounds and what it does. */
import { existsSync } from 'node:fs';
import {
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { availableCpus } from './available-cpus.js';
import { memoryLimit } from './memory-limit.js';
import { readSettings, Setting } from './setting.js';

const MIB = 1024 * 1024;

/** The validated configuration; inject it by this class. Read once at the start, never changed. */
export class Config {
  @Setting('PORT', 'TCP port the service listens on (0: any free one).', IsInt(), Min(0), Max(65535))
  port: number = 8000;

  @Setting('HOST', 'Address the service listens on.', IsString())
  host: string = '0.0.0.0';

  @Setting(
    'LOG_LEVEL',
    'Least severe level that is logged.',
    IsIn(['fatal', 'error', 'warn', 'log', 'debug', 'verbose']),
  )
  logLevel: string = 'log';

  @Setting('LOG_FORMAT', '`text` for people, `json` for machines.', IsIn(['text', 'json']))
  logFormat: string = 'text';

  @Setting('MODELS_DIR', 'Folder that holds the model packs, one folder each.', IsString())
  modelsDir: string = 'models';

  @Setting(
    'MODEL_PACK',
    'Model pack to serve: a folder of MODELS_DIR.',
    Matches(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/),
  )
  modelPack: string = 'default';

  @Setting(
    'EXECUTION_PROVIDERS',
    'ONNX Runtime execution providers in order of preference, separated by commas: `cpu`, `cuda`.',
    IsIn(['cpu', 'cuda'], { each: true }),
    ArrayUnique(),
  )
  executionProviders: string[] = ['cpu'];

  @Setting('INFERENCE_MIN_WORKERS', 'Worker threads that are always there.', IsInt(), Min(1), Max(1024))
  inferenceMinWorkers: number = 1;

  @Setting(
    'INFERENCE_MAX_WORKERS',
    'Most worker threads under load. Default: the CPUs this process may use (affinity and cgroup quota).',
    IsInt(),
    Min(1),
    Max(1024),
  )
  inferenceMaxWorkers: number = availableCpus();

  @Setting(
    'INFERENCE_IDLE_TIMEOUT_MS',
    'Idle time after which a worker above the minimum is released.',
    IsInt(),
    Min(0),
  )
  inferenceIdleTimeoutMs: number = 30_000;

  @Setting(
    'INFERENCE_MAX_QUEUE',
    'Requests that may wait for a worker; one more is refused with 503.',
    IsInt(),
    Min(0),
  )
  inferenceMaxQueue: number = 64;

  @Setting(
    'INFERENCE_MAX_BATCH',
    'Most waiting pictures that one worker takes at a time. A CPU gains nothing from more than 1, a GPU does.',
    IsInt(),
    Min(1),
    Max(64),
  )
  inferenceMaxBatch: number = 1;

  @Setting(
    'INFERENCE_BATCH_WAIT_MS',
    'Longest time a free worker waits for a batch to fill; 0: it takes what there is.',
    IsInt(),
    Min(0),
    Max(1_000),
  )
  inferenceBatchWaitMs: number = 0;

  @Setting(
    'INFERENCE_INTRA_OP_THREADS',
    'ONNX Runtime threads inside one worker; 1 is the fast way.',
    IsInt(),
    Min(1),
    Max(256),
  )
  inferenceIntraOpThreads: number = 1;

  @Setting(
    'REQUEST_TIMEOUT_MS',
    'Deadline of a request from its first byte to its answer; past it: 504.',
    IsInt(),
    Min(1),
  )
  requestTimeoutMs: number = 30_000;

  @Setting(
    'SHUTDOWN_TIMEOUT_MS',
    'Time a stopping service keeps serving while health already answers 503.',
    IsInt(),
    Min(0),
  )
  shutdownTimeoutMs: number = 1_000;

  @Setting('MAX_BODY_BYTES', 'Largest request body of any kind.', IsInt(), Min(1))
  maxBodyBytes: number = 64 * MIB;

  @Setting(
    'MAX_BYTES_IN_FLIGHT',
    'Memory for all requests together: half for bodies being received, half for decoded pictures. Default: a quarter of what this process may use, 128 MiB to 1 GiB.',
    IsInt(),
    Min(2),
  )
  maxBytesInFlight: number = Math.round(Math.min(Math.max(memoryLimit() / 4, 128 * MIB), 1024 * MIB));

  @Setting('IMAGE_MAX_BYTES', 'Largest encoded image, however it arrives.', IsInt(), Min(1))
  imageMaxBytes: number = 10 * MIB;

  @Setting('IMAGE_MAX_PIXELS', 'Largest image in pixels; checked before decoding.', IsInt(), Min(1))
  imageMaxPixels: number = 40_000_000;

  @Setting(
    'IMAGE_WORKING_SIDE',
    'Longer side, in pixels, down to which a large JPEG or WebP may be shrunk while it is decoded.',
    IsInt(),
    Min(1),
  )
  imageWorkingSide: number = 800;

  @Setting('URL_TIMEOUT_MS', 'Deadline of a whole download, redirects included.', IsInt(), Min(1))
  urlTimeoutMs: number = 10_000;

  @Setting('URL_MAX_REDIRECTS', 'Redirects followed before a download is given up.', IsInt(), Min(0), Max(20))
  urlMaxRedirects: number = 3;

  @Setting(
    'URL_ALLOWED_ADDRESSES',
    'Addresses or CIDR ranges that image URLs may reach although they are private, separated by commas.',
    IsString({ each: true }),
  )
  urlAllowedAddresses: string[] = [];

  @Setting(
    'S3_ENDPOINT',
    'URL of an S3-compatible store; unset: Amazon S3.',
    IsOptional(),
    IsUrl({ require_tld: false }),
  )
  s3Endpoint?: string = undefined;

  @Setting('S3_REGION', 'Region of the store; unset: as the AWS SDK finds it.', IsOptional(), IsString())
  s3Region?: string = undefined;

  @Setting('S3_FORCE_PATH_STYLE', 'Address buckets as a path, as most compatible stores need.', IsBoolean())
  s3ForcePathStyle: boolean = false;

  @Setting(
    'S3_ALLOWED_BUCKETS',
    'Buckets images may be read from, separated by commas; empty: any.',
    IsString({ each: true }),
  )
  s3AllowedBuckets: string[] = [];
}

/**
 * Reads the configuration from the process environment, after a `.env` file where there is one.
 * @throws AppError `invalid_configuration`
 */
export function loadConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return readSettings(Config, process.env);
}
