/** Every environment variable of the service, with its default, its bounds and what it does. */
import { existsSync } from 'node:fs';
import {
  ArrayMinSize,
  ArrayUnique,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
} from 'class-validator';
import { availableCpus } from './available-cpus.js';
import { AppError, messageOf } from '../errors.js';
import { memoryLimit } from './memory-limit.js';
import { isHttpUrl, isRedisUrl } from './service-url.js';
import { readSettings, Setting } from './setting.js';

const MIB = 1024 * 1024;

/** The validated configuration; inject it by this class. Read once at the start, never changed. */
export class Config {
  @Setting('PORT', 'TCP port the service listens on (0: any free one).', IsInt(), Min(0), Max(65535))
  port: number = 8000;

  @Setting('HOST', 'Address the service listens on.', IsString())
  host: string = '0.0.0.0';

  @Setting(
    'MANAGEMENT_PORT',
    'Second TCP port, for `/metrics` and `/docs`, which the first then no longer shows; unset: one port for all.',
    IsOptional(),
    IsInt(),
    Min(0),
    Max(65535),
  )
  managementPort?: number = undefined;

  @Setting('DOCS_ENABLED', 'Whether `/docs`, `/docs-json` and `/docs-yaml` are served.', IsBoolean())
  docsEnabled: boolean = true;

  @Setting('METRICS_ENABLED', 'Whether `/metrics` is served.', IsBoolean())
  metricsEnabled: boolean = true;

  @Setting(
    'API_KEYS',
    'API keys as name:sha256 or name:sha256:expiry-date, separated by commas (`npm run api-key -- --name NAME` makes one). With neither this nor API_KEYS_FILE anyone may use the API.',
    IsString({ each: true }),
  )
  apiKeys: string[] = [];

  @Setting(
    'API_KEYS_FILE',
    'File with one API key a line, written as in API_KEYS; read again whenever it changes.',
    IsOptional(),
    IsString(),
  )
  apiKeysFile?: string = undefined;

  @Setting(
    'RATE_LIMIT_REQUESTS',
    'Requests of one API key (without keys: of one address) in a window; one more is refused with 429. 0: no limit.',
    IsInt(),
    Min(0),
  )
  rateLimitRequests: number = 0;

  @Setting('RATE_LIMIT_WINDOW_SECONDS', 'Length of that window.', IsInt(), Min(1), Max(86_400))
  rateLimitWindowSeconds: number = 60;

  @Setting(
    'RATE_LIMIT_REDIS_URL',
    'Redis (redis:// or rediss://) in which replicas count together; unset: each counts for itself.',
    IsOptional(),
    isRedisUrl(),
  )
  rateLimitRedisUrl?: string = undefined;

  @Setting(
    'TRUSTED_PROXIES',
    'Proxies whose X-Forwarded-For is believed: addresses, CIDR ranges, `loopback`, `linklocal`, `uniquelocal`, separated by commas; or the number of proxies in front. Empty: none.',
    IsString({ each: true }),
  )
  trustedProxies: string[] = [];

  @Setting(
    'CORS_ORIGINS',
    'Origins whose web pages may call the API, such as https://example.com, separated by commas; `*`: any. Empty: none.',
    Matches(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/, { each: true }),
  )
  corsOrigins: string[] = [];

  @Setting(
    'HTTP_HEADERS_TIMEOUT_MS',
    'Time in which the headers of a request must have arrived; past it: 408 and the connection is closed.',
    IsInt(),
    Min(1),
  )
  httpHeadersTimeoutMs: number = 10_000;

  @Setting(
    'HTTP_RECEIVE_TIMEOUT_MS',
    'Time in which a whole request, body included, must have arrived; past it: 408 and the connection is closed.',
    IsInt(),
    Min(1),
  )
  httpReceiveTimeoutMs: number = 30_000;

  @Setting(
    'HTTP_KEEP_ALIVE_TIMEOUT_MS',
    'Time an idle connection is kept; longer than the idle time of a load balancer in front.',
    IsInt(),
    Min(1),
  )
  httpKeepAliveTimeoutMs: number = 65_000;

  @Setting(
    'LOG_LEVEL',
    'Least severe level that is logged.',
    IsIn(['fatal', 'error', 'warn', 'log', 'debug', 'verbose']),
  )
  logLevel: string = 'log';

  @Setting('LOG_FORMAT', '`text` for people, `json` for machines.', IsIn(['text', 'json']))
  logFormat: string = 'text';

  @Setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTLP/HTTP collector that traces are sent to, such as http://localhost:4318; unset: no traces.',
    IsOptional(),
    isHttpUrl(),
  )
  otlpEndpoint?: string = undefined;

  @Setting('OTEL_SERVICE_NAME', 'Name of this service in traces.', IsString())
  otelServiceName: string = 'face-analysis-service';

  @Setting(
    'OTEL_TRACES_SAMPLER_ARG',
    'Share of the traces begun here that is recorded, 0 to 1; a trace begun by the caller is recorded when the caller records it.',
    IsNumber(),
    Min(0),
    Max(1),
  )
  traceRatio: number = 1;

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
    'Where models run: `cpu`; `cuda`: on the GPU or not at all; `cuda,cpu`: on the GPU where that is possible.',
    IsIn(['cpu', 'cuda'], { each: true }),
    ArrayUnique(),
    ArrayMinSize(1),
    cpuComesLast(),
  )
  executionProviders: string[] = ['cpu'];

  @Setting(
    'CUDA_DEVICE_IDS',
    'GPUs to use with `cuda`, as nvidia-smi numbers them, separated by commas; workers are spread over them.',
    Matches(/^\d{1,3}$/, { each: true }),
    ArrayUnique(),
    ArrayMinSize(1),
  )
  cudaDeviceIds: string[] = ['0'];

  @Setting(
    'INFERENCE_MIN_WORKERS',
    'Worker threads that are always there. Default: 1, with `cuda` one per GPU.',
    IsInt(),
    Min(1),
    Max(1024),
  )
  inferenceMinWorkers: number = 1;

  @Setting(
    'INFERENCE_MAX_WORKERS',
    'Most worker threads under load. Default: the CPUs this process may use (affinity and cgroup quota), with `cuda` one per GPU.',
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
    'Most waiting pictures that one worker takes at a time. Two save a CPU a tenth of its work, and more no more; on a GPU, try more.',
    IsInt(),
    Min(1),
    Max(64),
  )
  inferenceMaxBatch: number = 2;

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

  @Setting(
    'DECODER_PROCESSES',
    'Most processes that decode pictures whose cost their header does not tell, such as AVIF, TIFF and GIF; started when needed. Default: the CPUs this process may use, at most 2.',
    IsInt(),
    Min(1),
    Max(64),
  )
  decoderProcesses: number = Math.min(2, availableCpus());

  @Setting('URL_TIMEOUT_MS', 'Deadline of a whole download, redirects included.', IsInt(), Min(1))
  urlTimeoutMs: number = 10_000;

  @Setting('URL_MAX_REDIRECTS', 'Redirects followed before a download is given up.', IsInt(), Min(0), Max(20))
  urlMaxRedirects: number = 3;

  @Setting(
    'URL_MAX_DOWNLOADS',
    'Downloads that run at a time, half of them at most for one API key (without keys: for one address); one more is refused with 503.',
    IsInt(),
    Min(1),
  )
  urlMaxDownloads: number = 128;

  @Setting(
    'URL_ALLOWED_ADDRESSES',
    'Addresses or CIDR ranges that image URLs may reach although they are private, separated by commas.',
    IsString({ each: true }),
  )
  urlAllowedAddresses: string[] = [];

  @Setting(
    'URL_FORBIDDEN_ADDRESSES',
    'Addresses or CIDR ranges that image URLs may not reach although they are public, such as public ones used inside your network, separated by commas; URL_ALLOWED_ADDRESSES wins.',
    IsString({ each: true }),
  )
  urlForbiddenAddresses: string[] = [];

  @Setting(
    'S3_ENDPOINT',
    'URL of an S3-compatible store, such as http://minio:9000; unset: Amazon S3.',
    IsOptional(),
    isHttpUrl(),
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
  readEnvFile();
  // ONNX Runtime reports its use to its makers unless this says otherwise before it is loaded.
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const config = withWorkersPerGpu(readSettings(Config, process.env), process.env);
  if (config.port !== 0 && config.port === config.managementPort) {
    const message = `Invalid configuration: PORT and MANAGEMENT_PORT are both ${config.port}; choose different ones.`;
    throw new AppError('invalid_configuration', message);
  }
  return config;
}

function readEnvFile(): void {
  if (!existsSync('.env')) return;
  try {
    process.loadEnvFile('.env');
  } catch (cause) {
    const message = `Invalid configuration: the file .env cannot be read (${messageOf(cause)}).`;
    throw new AppError('invalid_configuration', message, {}, { cause });
  }
}

/**
 * With `cuda`, gives each GPU the one worker that keeps it busy, where the environment does not say otherwise: a second
 * one holds all models in the GPU's memory once more.
 */
export function withWorkersPerGpu(config: Config, environment: NodeJS.ProcessEnv): Config {
  if (config.executionProviders[0] !== 'cuda') return config;
  const gpus = config.cudaDeviceIds.length;
  if (!environment['INFERENCE_MAX_WORKERS']) config.inferenceMaxWorkers = gpus;
  if (!environment['INFERENCE_MIN_WORKERS'])
    config.inferenceMinWorkers = Math.min(gpus, config.inferenceMaxWorkers);
  return config;
}

/** The CPU can run every model: what is named after it would never be used. */
function cpuComesLast(): PropertyDecorator {
  return ValidateBy({
    name: 'cpuComesLast',
    validator: {
      validate: (providers: unknown) =>
        Array.isArray(providers) && (!providers.includes('cpu') || providers.at(-1) === 'cpu'),
      defaultMessage: () => '$property must name cpu last, as nothing after it is ever used',
    },
  });
}
