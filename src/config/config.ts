/** Every environment variable of the service, with its default, its bounds and its effect. */
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

/** The validated configuration. Inject it by this class. It is read once at the start and never changes. */
export class Config {
  @Setting('PORT', 'TCP port that the service listens on. 0: any free port.', IsInt(), Min(0), Max(65535))
  port: number = 8000;

  @Setting('HOST', 'Address that the service listens on.', IsString())
  host: string = '0.0.0.0';

  @Setting(
    'MANAGEMENT_PORT',
    'Second TCP port, which serves `/metrics` and `/docs` instead of the first one. Unset: one port serves everything.',
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
    'API keys as name:sha256 or name:sha256:expiry-date, separated by commas (`npm run api-key -- --name NAME` creates one). If neither this nor API_KEYS_FILE is set, anyone may use the API.',
    IsString({ each: true }),
  )
  apiKeys: string[] = [];

  @Setting(
    'API_KEYS_FILE',
    'File with one API key per line, in the format of API_KEYS. It is read again whenever it changes.',
    IsOptional(),
    IsString(),
  )
  apiKeysFile?: string = undefined;

  @Setting(
    'RATE_LIMIT_REQUESTS',
    'Maximum number of requests per API key (without keys: per address) in a time window. Further ones are refused with 429. 0: no limit.',
    IsInt(),
    Min(0),
  )
  rateLimitRequests: number = 0;

  @Setting(
    'RATE_LIMIT_WINDOW_SECONDS',
    'Length of the time window of RATE_LIMIT_REQUESTS.',
    IsInt(),
    Min(1),
    Max(86_400),
  )
  rateLimitWindowSeconds: number = 60;

  @Setting(
    'RATE_LIMIT_REDIS_URL',
    'URL of a Redis (redis:// or rediss://) in which replicas count requests together. Unset: each replica counts on its own.',
    IsOptional(),
    isRedisUrl(),
  )
  rateLimitRedisUrl?: string = undefined;

  @Setting(
    'TRUSTED_PROXIES',
    'Proxies whose X-Forwarded-For is trusted: addresses, CIDR ranges, `loopback`, `linklocal` or `uniquelocal`, separated by commas; or the number of proxies in front of the service. Empty: none.',
    IsString({ each: true }),
  )
  trustedProxies: string[] = [];

  @Setting(
    'CORS_ORIGINS',
    'Origins whose web pages may call the API, such as https://example.com, separated by commas. `*`: any. Empty: none.',
    Matches(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/, { each: true }),
  )
  corsOrigins: string[] = [];

  @Setting(
    'HTTP_HEADERS_TIMEOUT_MS',
    'Time within which the headers of a request must arrive. After it, the answer is 408 and the connection is closed.',
    IsInt(),
    Min(1),
  )
  httpHeadersTimeoutMs: number = 10_000;

  @Setting(
    'HTTP_RECEIVE_TIMEOUT_MS',
    'Time within which a whole request, including its body, must arrive. After it, the answer is 408 and the connection is closed.',
    IsInt(),
    Min(1),
  )
  httpReceiveTimeoutMs: number = 30_000;

  @Setting(
    'HTTP_KEEP_ALIVE_TIMEOUT_MS',
    'Time for which an idle connection is kept open. Set it longer than the idle time-out of a load balancer in front.',
    IsInt(),
    Min(1),
  )
  httpKeepAliveTimeoutMs: number = 65_000;

  @Setting(
    'LOG_LEVEL',
    'Lowest level that is logged: `fatal`, `error`, `warn`, `log`, `debug` or `verbose`.',
    IsIn(['fatal', 'error', 'warn', 'log', 'debug', 'verbose']),
  )
  logLevel: string = 'log';

  @Setting('LOG_FORMAT', '`text` for people, `json` for machines.', IsIn(['text', 'json']))
  logFormat: string = 'text';

  @Setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'URL of the OTLP/HTTP collector that receives traces, such as http://localhost:4318. Unset: no traces.',
    IsOptional(),
    isHttpUrl(),
  )
  otlpEndpoint?: string = undefined;

  @Setting('OTEL_SERVICE_NAME', 'Name of this service in traces.', IsString())
  otelServiceName: string = 'face-analysis-service';

  @Setting(
    'OTEL_TRACES_SAMPLER_ARG',
    'Share of the traces started here that is recorded, 0 to 1. A trace started by the caller is recorded if the caller records it.',
    IsNumber(),
    Min(0),
    Max(1),
  )
  traceRatio: number = 1;

  @Setting('MODELS_DIR', 'Folder of the model packs, with a subfolder for each.', IsString())
  modelsDir: string = 'models';

  @Setting(
    'MODEL_PACK',
    'Model pack to serve: the name of a subfolder of MODELS_DIR.',
    Matches(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/),
  )
  modelPack: string = 'default';

  @Setting(
    'EXECUTION_PROVIDERS',
    'Where models run. `cpu`: on the CPU. `cuda`: on the GPU only; the service does not start if that fails. `cuda,cpu`: on the GPU if possible.',
    IsIn(['cpu', 'cuda'], { each: true }),
    ArrayUnique(),
    ArrayMinSize(1),
    cpuComesLast(),
  )
  executionProviders: string[] = ['cpu'];

  @Setting(
    'CUDA_DEVICE_IDS',
    'GPUs to use with `cuda`, numbered as in nvidia-smi, separated by commas. Workers are spread over them.',
    Matches(/^\d{1,3}$/, { each: true }),
    ArrayUnique(),
    ArrayMinSize(1),
  )
  cudaDeviceIds: string[] = ['0'];

  @Setting(
    'INFERENCE_MIN_WORKERS',
    'Minimum number of worker threads. Default: 1; with `cuda`, one per GPU.',
    IsInt(),
    Min(1),
    Max(1024),
  )
  inferenceMinWorkers: number = 1;

  @Setting(
    'INFERENCE_MAX_WORKERS',
    'Maximum number of worker threads. Default: the number of CPUs this process may use (affinity and cgroup quota); with `cuda`, one per GPU.',
    IsInt(),
    Min(1),
    Max(1024),
  )
  inferenceMaxWorkers: number = availableCpus();

  @Setting(
    'INFERENCE_IDLE_TIMEOUT_MS',
    'Idle time after which workers above the minimum are ended.',
    IsInt(),
    Min(0),
  )
  inferenceIdleTimeoutMs: number = 30_000;

  @Setting(
    'INFERENCE_MAX_QUEUE',
    'Maximum number of pictures that wait for a worker. Further ones are refused with 503.',
    IsInt(),
    Min(0),
  )
  inferenceMaxQueue: number = 64;

  @Setting(
    'INFERENCE_MAX_BATCH',
    'Maximum number of waiting pictures that a worker takes at a time. On a CPU, 2 save about 10 % of CPU time, and larger batches save nothing more. On a GPU, try more.',
    IsInt(),
    Min(1),
    Max(64),
  )
  inferenceMaxBatch: number = 2;

  @Setting(
    'INFERENCE_BATCH_WAIT_MS',
    'Maximum time that a free worker waits for a batch to fill. 0: it takes what is there.',
    IsInt(),
    Min(0),
    Max(1_000),
  )
  inferenceBatchWaitMs: number = 0;

  @Setting(
    'INFERENCE_INTRA_OP_THREADS',
    'Number of ONNX Runtime threads inside each worker. 1 is fastest.',
    IsInt(),
    Min(1),
    Max(256),
  )
  inferenceIntraOpThreads: number = 1;

  @Setting(
    'REQUEST_TIMEOUT_MS',
    'Deadline of a request, from its first byte to its answer. After it, the answer is 504.',
    IsInt(),
    Min(1),
  )
  requestTimeoutMs: number = 30_000;

  @Setting(
    'SHUTDOWN_TIMEOUT_MS',
    'Time for which the service keeps serving after a stop signal, while health checks already answer 503.',
    IsInt(),
    Min(0),
  )
  shutdownTimeoutMs: number = 1_000;

  @Setting('MAX_BODY_BYTES', 'Maximum size of a request body of any kind.', IsInt(), Min(1))
  maxBodyBytes: number = 64 * MIB;

  @Setting(
    'MAX_BYTES_IN_FLIGHT',
    'Memory for all requests together: half for bodies being received, half for decoded pictures. Default: a quarter of the memory this process may use, but at least 128 MiB and at most 1 GiB.',
    IsInt(),
    Min(2),
  )
  maxBytesInFlight: number = Math.round(Math.min(Math.max(memoryLimit() / 4, 128 * MIB), 1024 * MIB));

  @Setting('IMAGE_MAX_BYTES', 'Maximum size of an encoded image, however it arrives.', IsInt(), Min(1))
  imageMaxBytes: number = 10 * MIB;

  @Setting(
    'IMAGE_MAX_PIXELS',
    'Maximum number of pixels of an image. It is checked before decoding.',
    IsInt(),
    Min(1),
  )
  imageMaxPixels: number = 40_000_000;

  @Setting(
    'IMAGE_WORKING_SIDE',
    'A large JPEG or WebP may be shrunk while it is decoded, but its longer side keeps at least this many pixels.',
    IsInt(),
    Min(1),
  )
  imageWorkingSide: number = 800;

  @Setting(
    'DECODER_PROCESSES',
    'Maximum number of processes that decode pictures whose header does not bound the cost of decoding, such as AVIF, TIFF and GIF. They are started on demand. Default: the number of CPUs this process may use, at most 2.',
    IsInt(),
    Min(1),
    Max(64),
  )
  decoderProcesses: number = Math.min(2, availableCpus());

  @Setting('URL_TIMEOUT_MS', 'Deadline of a whole download, including redirects.', IsInt(), Min(1))
  urlTimeoutMs: number = 10_000;

  @Setting(
    'URL_MAX_REDIRECTS',
    'Maximum number of redirects that a download follows.',
    IsInt(),
    Min(0),
    Max(20),
  )
  urlMaxRedirects: number = 3;

  @Setting(
    'URL_MAX_DOWNLOADS',
    'Maximum number of simultaneous downloads. One API key (without keys: one address) gets at most half of them. Further ones are refused with 503.',
    IsInt(),
    Min(1),
  )
  urlMaxDownloads: number = 128;

  @Setting(
    'URL_ALLOWED_ADDRESSES',
    'Private addresses or CIDR ranges that image URLs may reach, separated by commas.',
    IsString({ each: true }),
  )
  urlAllowedAddresses: string[] = [];

  @Setting(
    'URL_FORBIDDEN_ADDRESSES',
    'Public addresses or CIDR ranges that image URLs may not reach, such as public ones used inside your network, separated by commas. URL_ALLOWED_ADDRESSES takes precedence.',
    IsString({ each: true }),
  )
  urlForbiddenAddresses: string[] = [];

  @Setting(
    'S3_ENDPOINT',
    'URL of an S3-compatible store, such as http://minio:9000. Unset: Amazon S3.',
    IsOptional(),
    isHttpUrl(),
  )
  s3Endpoint?: string = undefined;

  @Setting('S3_REGION', 'Region of the store. Unset: the AWS SDK determines it.', IsOptional(), IsString())
  s3Region?: string = undefined;

  @Setting(
    'S3_FORCE_PATH_STYLE',
    'Whether to put the bucket into the path instead of the host name, as most S3-compatible stores require.',
    IsBoolean(),
  )
  s3ForcePathStyle: boolean = false;

  @Setting(
    'S3_ALLOWED_BUCKETS',
    'Buckets that images may be read from, separated by commas. Empty: any.',
    IsString({ each: true }),
  )
  s3AllowedBuckets: string[] = [];
}

/**
 * Reads the configuration from the process environment, and from a `.env` file if there is one.
 * @throws AppError `invalid_configuration`
 */
export function loadConfig(): Config {
  readEnvFile();
  // ONNX Runtime sends usage data to its makers unless this variable is set before it is loaded.
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
 * With `cuda`, gives each GPU one worker, which keeps it busy, unless the environment says otherwise: a second worker would
 * hold another copy of all models in the GPU's memory.
 */
export function withWorkersPerGpu(config: Config, environment: NodeJS.ProcessEnv): Config {
  if (config.executionProviders[0] !== 'cuda') return config;
  const gpus = config.cudaDeviceIds.length;
  if (!environment['INFERENCE_MAX_WORKERS']) config.inferenceMaxWorkers = gpus;
  if (!environment['INFERENCE_MIN_WORKERS'])
    config.inferenceMinWorkers = Math.min(gpus, config.inferenceMaxWorkers);
  return config;
}

/** The CPU can run every model, so a provider named after it would never be used. */
function cpuComesLast(): PropertyDecorator {
  return ValidateBy({
    name: 'cpuComesLast',
    validator: {
      validate: (providers: unknown) =>
        Array.isArray(providers) && (!providers.includes('cpu') || providers.at(-1) === 'cpu'),
      defaultMessage: () => '$property must name cpu last, because providers after it are never used',
    },
  });
}
