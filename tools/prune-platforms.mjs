/**
 * Removes what installed packages bring along for other platforms than this one, and says how much that was; safe to
 * repeat. With `--lean` also what only compilers and debuggers read: type declarations, source maps, TypeScript.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MIB = 1024 * 1024;
/** Files of packages that no running program reads. */
const FOR_DEVELOPERS = /\.([cm]?ts|map)$/;
/** Packages that are there only as optional peers of others, for their compilers' plugins, and links to programs. */
const TOOLS = ['typescript', '.bin'];

/** Bytes of a file or folder. */
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

/** Names in a folder; none where there is no folder. */
function namesIn(folder) {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** ONNX Runtime ships its library for every platform: bin/napi-v<n>/<platform>/<arch>. */
function pruneOnnxRuntime(modules, platform, arch) {
  const bin = join(modules, 'onnxruntime-node/bin');
  let saved = 0;
  for (const version of namesIn(bin)) {
    const folder = join(bin, version);
    // Never the last one that is left: a platform without a build of its own keeps all.
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
