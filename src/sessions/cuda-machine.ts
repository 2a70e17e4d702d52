/**
 * What a machine lacks for running models on a GPU: ONNX Runtime itself only reports "Failed to load shared library".
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { libraryFolders } from '../config/library-folders.js';

const DRIVER = 'libcuda.so.1';
/** The libraries that the provider of onnxruntime 1.30 is linked with; used where the provider is not installed. */
const LINKED = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
];

/** The relevant facts about a machine. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Path of the CUDA provider's file, whether it is there or not. */
  readonly provider: string;
  /** Whether the dynamic loader finds a library of this name. */
  readonly finds: (library: string) => boolean;
  /** The libraries that the file at `path` is linked with and that the loader does not find. */
  readonly unresolved: (path: string) => readonly string[];
}

/** What is missing for CUDA, each as a sentence with its remedy; empty where everything is there. */
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

/** Why CUDA cannot work on this kind of machine, where it cannot. */
export function platformProblem({ platform, arch }: Pick<Machine, 'platform' | 'arch'>): string | undefined {
  if (platform === 'linux' && arch === 'x64') return undefined;
  return `CUDA needs Linux on x64, and this is ${platform} on ${arch}, for which onnxruntime-node has no CUDA provider: use EXECUTION_PROVIDERS=cpu.`;
}

/**
 * What is missing from NVIDIA: the driver, the CUDA libraries, cuDNN.
 * @param provider path of its file, where it is installed
 */
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

/** Path of the CUDA provider: beside onnxruntime, which loads it from there. */
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

/** Names of the libraries in the loader's cache. */
function loaderCache(): ReadonlySet<string> {
  // Only root has /sbin on its path.
  const entries = [...lines('/sbin/ldconfig', '-p'), ...lines('ldconfig', '-p')];
  return new Set(entries.flatMap((line) => /^\s+(\S+) \(libc6,x86-64/.exec(line)?.[1] ?? []));
}

/** The lines that a command prints; none where it is missing or fails. */
function lines(command: string, ...args: string[]): string[] {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
  } catch {
    return [];
  }
}
