/** Puts a trained graph into the default pack. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../models/tools/checksum.js';

const PACK = join('models', 'default');

/** Writes a graph as `file` of the pack and pins its SHA-256 in pack.json. Returns the hash. */
export async function install(file: string, graph: Uint8Array): Promise<string> {
  await mkdir(dirname(join(PACK, file)), { recursive: true });
  await writeFile(join(PACK, file), graph);
  const manifest = join(PACK, 'pack.json');
  const pinned = new RegExp(`("file": "${file}",\\s+"sha256": ")[0-9a-f]{64}`);
  const hash = sha256(graph);
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(pinned, `$1${hash}`));
  return hash;
}
