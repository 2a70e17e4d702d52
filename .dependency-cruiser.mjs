/** Who may know whom: the import rules of docs/architecture.md, as a check that runs. */

/** Rooms whose code runs in worker threads only. */
const WORKER_ROOMS = ['worker', 'sessions', 'detection', 'recognition', 'attributes'];

/** Files of those rooms that the main thread runs too: pure functions and label sets. */
const SHARED_FILES = ['recognition/similarity', 'attributes/age'];

/** A room of src/ and the rooms, or files, it may import. `errors`, `validation-errors` and `config` are open to all but `vision`. */
const ROOMS = {
  // Main thread
  faces: [
    'http',
    'images',
    'inference',
    'packs',
    'telemetry',
    'vision',
    'worker/protocol',
    'attributes/attributes.service',
    ...SHARED_FILES,
  ],
  health: ['access', 'images', 'inference', 'packs'],
  access: ['http', 'telemetry'],
  metrics: ['inference', 'packs', 'telemetry'],
  http: ['telemetry'],
  images: ['telemetry', 'vision'],
  inference: ['telemetry', 'vision', 'worker/protocol', 'sessions/runtime-report'],
  // Worker threads
  worker: ['attributes', 'detection', 'packs', 'recognition', 'sessions', 'telemetry', 'vision'],
  detection: ['packs', 'sessions', 'vision'],
  recognition: ['packs', 'sessions', 'vision'],
  attributes: ['packs', 'sessions', 'vision'],
  sessions: ['packs', 'vision'],
  // Both
  packs: [],
  telemetry: [],
  config: [],
  vision: [],
};

/** A foreign package and the only place that may import it. */
const OWNERS = {
  'onnxruntime-node': '^(src/sessions/|tools/cuda/|test/|bench/)',
  'prom-client': '^src/metrics/',
  '@opentelemetry': '^src/telemetry/request-tracer',
  sharp: '^(src/images/sharp-decoder|evaluation/|training/|test/|bench/|fuzz/)',
  '@aws-sdk': '^(src/images/sources/s3\\.source|test/)',
  express: '^src/(http/|telemetry/(request-recorder|server-timing)|access/.*middleware|faces/.*controller)',
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
    path: '^(src|models|evaluation|training|test|bench|fuzz|tools)/',
    pathNot: [
      `^src/${room}/`,
      ...others.map((other) => (other.includes('/') ? `^src/${other}\\.ts` : `^src/${other}/`)),
      ...(room === 'vision' ? [] : ['^src/(errors|validation-errors)\\.ts$']),
      ...(room === 'vision' || room === 'config' ? [] : ['^src/config/']),
    ],
  },
}));

const owners = Object.entries(OWNERS).map(([name, path]) => ({
  name: `owner-${name}`,
  severity: 'error',
  comment: `${name} has one owner.`,
  from: { path: '^(src|models|evaluation|training|test|bench|fuzz)/', pathNot: path },
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
      name: 'worker-is-reached-by-its-protocol',
      severity: 'error',
      comment:
        'Outside worker/ only its protocol may be imported: everything else there runs in a worker thread.',
      from: { path: '^src/', pathNot: '^src/worker/' },
      to: { path: '^src/worker/', pathNot: '^src/worker/protocol\\.ts$' },
    },
    {
      name: 'main-thread-knows-only-types',
      severity: 'error',
      comment: `The main thread must not load what runs in workers: import types only, or ${SHARED_FILES.join(', ')}.`,
      from: { path: '^src/', pathNot: `^src/(${WORKER_ROOMS.join('|')})/(?!protocol\\.ts$)` },
      to: {
        path: `^src/(${WORKER_ROOMS.join('|')})/`,
        pathNot: `^src/(worker/protocol|${SHARED_FILES.join('|')})\\.ts$`,
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
