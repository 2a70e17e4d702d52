/**
 * Which package holds the CUDA provider. This is read from the metadata of onnxruntime-node's own install script, so that it
 * always matches the installed version. That script downloads, too, but it cannot resume, shows no progress, checks no hash, and
 * cannot use a local file.
 */
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { AppError } from '../../src/errors.js';

/** The part of onnxruntime-node's `script/install-metadata.js` that is needed. */
export interface InstallMetadata {
  readonly requirements: Readonly<Record<string, readonly string[]>>;
  readonly manifests: Readonly<
    Record<string, Readonly<Record<string, { readonly package: string; readonly path: string }>>>
  >;
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly versions: readonly { readonly feed: string; readonly version: string }[];
      }
    >
  >;
  readonly feeds: Readonly<Record<string, { readonly index: string }>>;
}

/** The package to fetch. */
export interface ProviderPackage {
  /** NuGet package and version. */
  readonly name: string;
  readonly version: string;
  /** Address of the feed's index. */
  readonly feed: string;
  /** Path in the package ↦ name of the file next to onnxruntime. */
  readonly files: ReadonlyMap<string, string>;
}

/** The metadata of the installed onnxruntime-node. */
export function installedMetadata(): InstallMetadata {
  const require = createRequire(import.meta.url);
  return require('onnxruntime-node/script/install-metadata.js') as InstallMetadata;
}

/**
 * The package for Linux on x64.
 * @throws AppError `invalid_configuration` if this onnxruntime-node names none
 */
export function providerPackage(metadata: InstallMetadata): ProviderPackage {
  const platform = 'linux/x64';
  const cuda = metadata.requirements[platform]?.find((name) => name.startsWith('cuda'));
  // The package also holds the TensorRT provider, which needs TensorRT and is not used.
  const files = Object.values(metadata.manifests[`${platform}:${cuda}`] ?? {}).filter(
    ({ path }) => !path.includes('tensorrt'),
  );
  const source = metadata.packages[files[0]?.package ?? ''];
  const release = source?.versions[0];
  const feed = metadata.feeds[release?.feed ?? '']?.index;
  if (source === undefined || release === undefined || feed === undefined)
    throw new AppError(
      'invalid_configuration',
      'This onnxruntime-node names no package with a CUDA provider.',
    );
  return {
    name: source.name,
    version: release.version,
    feed,
    files: new Map(files.map(({ path }) => [path, basename(path)])),
  };
}
