/** Who may know whom: the import rules of docs/architecture.md, as a check that runs. */

/** A room of src/ and the rooms it may import. `errors` and `config` are open to all but `vision`. */
const ROOMS = {
  faces: [
    'http',
    'images',
    'packs',
    'pipeline',
    'recognition/similarity',
    'attributes',
    'telemetry',
    'vision',
  ],
  health: ['access', 'images', 'packs', 'pipeline'],
  access: ['http'],
  metrics: ['packs', 'pipeline', 'telemetry'],
  tracing: ['telemetry'],
  http: ['telemetry'],
  images: ['telemetry', 'vision'],
  pipeline: ['attributes', 'detection', 'packs', 'recognition', 'sessions', 'telemetry', 'vision'],
  detection: ['packs', 'sessions', 'vision'],
  recognition: ['packs', 'sessions', 'vision'],
  attributes: ['packs', 'sessions', 'vision'],
  sessions: ['packs', 'vision'],
  packs: [],
  telemetry: [],
  config: [],
  vision: [],
};

/** A foreign package and the only place that may import it. */
const OWNERS = {
  'onnxruntime-node': '^(src/sessions/|tools/cuda/|test/|bench/)',
  'prom-client': '^src/metrics/',
  '@opentelemetry': '^src/tracing/request-tracer',
  sharp: '^(src/images/sharp-decoder|test/|bench/|fuzz/)',
  '@aws-sdk': '^(src/images/sources/s3\\.source|test/)',
  express: '^src/(http/|access/.*middleware|faces/.*controller)',
  '@fastify/busboy': '^src/http/input/form-body',
  '@redis': '^(src/access/rate-limiter|test/)',
  'rate-limiter-flexible': '^src/access/rate-limiter',
};

const rooms = Object.entries(ROOMS).map(([room, others]) => ({
  name: `room-${room}`,
  severity: 'error',
  comment: `src/${room} may import only ${others.join(', ') || 'itself'}, config and errors.`,
  from: { path: `^src/${room}/` },
  to: {
    path: '^(src|models|test|bench|fuzz|tools)/',
    pathNot: [
      `^src/${room}/`,
      ...others.map((other) => (other.includes('/') ? `^src/${other}\\.ts` : `^src/${other}/`)),
      ...(room === 'vision' ? [] : ['^src/errors\\.ts$']),
      ...(room === 'vision' || room === 'config' ? [] : ['^src/config/']),
    ],
  },
}));

const owners = Object.entries(OWNERS).map(([name, path]) => ({
  name: `owner-${name}`,
  severity: 'error',
  comment: `${name} has one owner.`,
  from: { path: '^(src|models|test|bench|fuzz)/', pathNot: path },
  to: { path: `^node_modules/${name}/` },
}));

export default {
  forbidden: [
    ...rooms,
    ...owners,
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means two files are one idea, or one idea too many.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'main-thread-knows-only-types',
      severity: 'error',
      comment: 'The main side of the pipeline must not load the stages: they belong in a worker.',
      from: {
        path: [
          '^src/pipeline/(inference-pool|job-queue|admission|byte-budget)',
          '^src/pipeline/analysis\\.ts$',
          '^src/(faces|health|metrics)/',
        ],
      },
      to: {
        path: '^src/(detection|attributes|sessions|recognition)/',
        pathNot: '^src/(recognition/similarity|attributes/age)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'errors-stands-alone',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: {},
    },
    {
      name: 'no-barrels',
      severity: 'error',
      comment: 'Import from the file that says it.',
      from: {},
      to: { path: '/index\\.ts$', pathNot: 'node_modules' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node'] },
  },
};
