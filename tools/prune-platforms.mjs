/**
 * Removes the files of installed packages that are for other platforms, and prints how much space that saved. It is safe to
 * repeat. With `--lean` it also removes what only compilers and debuggers read: type declarations, source maps, TypeScript.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MIB = 1024 * 1024;
/** Files that no running program reads. */
const FOR_DEVELOPERS = /\.([cm]?ts|map)$/;
/** Packages that are installed only as optional peers, for compiler plugins of other packages; and links to programs. */
const TOOLS = ['typescript', '.bin'];

/** Size of a file or folder in bytes. */
function sizeOf(path) {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function remove(path) {
  const size = sizeOf(path);
  rmSync(path, { recursive: true });
  return size;
}

/** Names in a folder; none if it does not exist. */
function namesIn(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** ONNX Runtime ships its library for every platform: bin/napi-v<n>/<platform>/<arch>. */
function pruneOnnxRuntime(modules, platform, arch) {
  const bin = join(modules, 'onnxruntime-node/bin');
  let saved = 0;
  for (const version of namesIn(bin)) {
    const folder = join(bin, version);
    // Never remove the last build: a platform without its own build keeps all of them.
    if (!existsSync(join(folder, platform, arch))) continue;
    for (const other of namesIn(folder)) {
      if (other !== platform) saved += remove(join(folder, other));
      else
        for (const cpu of namesIn(join(folder, other)))
          if (cpu !== arch) saved += remove(join(folder, other, cpu));
    }
  }
  return saved;
}

function pruneForDevelopers(folder) {
  let saved = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) saved += pruneForDevelopers(path);
    else if (FOR_DEVELOPERS.test(entry.name)) saved += remove(path);
  }
  return saved;
}

/**
 * @param {string} modules a `node_modules` folder
 * @param {{ lean?: boolean, platform?: string, arch?: string }} options
 * @returns {number} bytes saved
 */
export function prune(modules, { lean = false, platform = process.platform, arch = process.arch } = {}) {
  let saved = pruneOnnxRuntime(modules, platform, arch);
  if (!lean) return saved;
  for (const tool of TOOLS) if (existsSync(join(modules, tool))) saved += remove(join(modules, tool));
  return saved + pruneForDevelopers(modules);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const modules = 'node_modules';
  const saved = prune(modules, { lean: process.argv.includes('--lean') });
  const left = sizeOf(modules);
  console.log(
    `Removed ${Math.round(saved / MIB)} MiB for ${process.platform} on ${process.arch}; ${Math.round(left / MIB)} MiB are left.`,
  );
}
