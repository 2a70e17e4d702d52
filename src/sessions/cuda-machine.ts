/** What a machine lacks to run models on a GPU: ONNX Runtime itself only says "Failed to load shared library". */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { libraryFolders } from '../config/library-folders.js';

const DRIVER = 'libcuda.so.1';
/** What the provider of onnxruntime 1.30 is linked with; asked for where the provider is not there to be asked itself. */
const LINKED = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
];

/** The facts about a machine that decide. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Where the file of the CUDA provider belongs. */
  readonly provider: string;
  /** Whether the dynamic loader finds a library of this name. */
  readonly finds: (library: string) => boolean;
  /** Libraries that the file at `path` is linked with and the loader does not find. */
  readonly unresolved: (path: string) => readonly string[];
}

/** What CUDA lacks here, one sentence each with its remedy; empty where everything is there. */
export function cudaProblems(machine: Machine = thisMachine()): string[] {
  const unsupported = platformProblem(machine);
  if (unsupported !== undefined) return [unsupported];
  const { provider } = machine;
  const isInstalled = existsSync(provider);
  return [
    ...(isInstalled
      ? []
      : [
          'The CUDA provider of ONNX Runtime is not installed: run `npm run cuda` (again after each `npm ci`).',
        ]),
    ...libraryProblems(machine, isInstalled ? provider : undefined),
  ];
}

/** Why there can be no CUDA on this kind of machine, where that is so. */
export function platformProblem({ platform, arch }: Pick<Machine, 'platform' | 'arch'>): string | undefined {
  if (platform === 'linux' && arch === 'x64') return undefined;
  return `CUDA needs Linux on x64, and this is ${platform} on ${arch}, for which onnxruntime-node has no CUDA provider: use EXECUTION_PROVIDERS=cpu.`;
}

/** What of NVIDIA's is missing: the driver, the CUDA libraries, cuDNN. @param provider its file, once installed */
export function libraryProblems(machine: Machine, provider?: string): string[] {
  const missing =
    provider === undefined
      ? LINKED.filter((library) => !machine.finds(library))
      : machine.unresolved(provider).filter((library) => !library.startsWith('libonnxruntime'));
  const cudnn = missing.filter((library) => library.startsWith('libcudnn'));
  const cuda = missing.filter((library) => !library.startsWith('libcudnn'));
  const [major = '12'] = cuda.flatMap((library) => /^libcudart\.so\.(\d+)/.exec(library)?.[1] ?? []);
  const where = 'where they are installed, add their folder to LD_LIBRARY_PATH';
  return [
    ...(machine.finds(DRIVER)
      ? []
      : [
          `The NVIDIA driver is missing (${DRIVER}): install it, or start the container with the GPU (docker run --gpus all).`,
        ]),
    ...(cuda.length === 0
      ? []
      : [
          `Libraries of CUDA ${major} are missing (${cuda.join(', ')}): install the CUDA ${major} runtime; ${where}.`,
        ]),
    ...(cudnn.length === 0
      ? []
      : [`cuDNN ${/\d+/.exec(cudnn[0])?.[0] ?? ''} is missing (${cudnn.join(', ')}): install it; ${where}.`]),
  ];
}

/** Path of the CUDA provider, beside onnxruntime itself, which loads it from there. */
export function providerFile(): string {
  const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(runtime, `bin/napi-v6/${process.platform}/${process.arch}/libonnxruntime_providers_cuda.so`);
}

/** The machine this process runs on. */
export function thisMachine(): Machine {
  const { platform, arch } = process;
  const cached = loaderCache();
  const folders = libraryFolders();
  return {
    platform,
    arch,
    provider: providerFile(),
    finds: (library) => cached.has(library) || folders.some((folder) => existsSync(join(folder, library))),
    unresolved: (path) =>
      lines('ldd', path).flatMap((line) => /^\s*(\S+) => not found/.exec(line)?.[1] ?? []),
  };
}

/** Names of the libraries that the loader knows without being told where. */
function loaderCache(): ReadonlySet<string> {
  // /sbin is on the path of root alone.
  const entries = [...lines('/sbin/ldconfig', '-p'), ...lines('ldconfig', '-p')];
  return new Set(entries.flatMap((line) => /^\s+(\S+) \(libc6,x86-64/.exec(line)?.[1] ?? []));
}

/** What a command prints; nothing where it is not there or fails. */
function lines(command: string, ...args: string[]): string[] {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
  } catch {
    return [];
  }
}
