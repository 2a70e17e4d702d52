/** The commands of `npm run models`: one function each, which returns the exit code. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTALLATION_FILE } from '../../src/packs/installation.js';
import { type FileState, inspect } from './checksum.js';
import { acceptLicence, terminalAsk } from './licence.js';
import { PARTIAL } from './partial.js';
import { prepare, type PrepareOptions } from './prepare.js';
import { mib } from './progress.js';
import { packNames, readRecipe, type Recipe } from './recipe.js';
import { Download } from './sources.js';

/** Makes the pack's missing files, if no licence must be accepted for them. */
export async function runPrepare(modelsDir: string, pack: string): Promise<number> {
  return runMaking(await readRecipe(modelsDir, pack), { terminal: process.stderr });
}

/** Makes the pack's missing files. */
export async function runInstall(
  modelsDir: string,
  pack: string,
  { isAccepted, from }: { isAccepted: boolean; from?: string },
): Promise<number> {
  const recipe = await readRecipe(modelsDir, pack);
  if (from !== undefined && !Object.values(recipe.sources).some((source) => source instanceof Download)) {
    process.stderr.write(
      `--from does not fit: the pack "${pack}" comes from npm. Set a registry in .npmrc.\n`,
    );
    return 1;
  }
  const accept = (name: string, source: Download): Promise<void> =>
    acceptLicence(name, source, isAccepted, process.stderr, terminalAsk());
  return runMaking(recipe, { terminal: process.stderr, accept, from });
}

async function runMaking(recipe: Recipe, options: PrepareOptions): Promise<number> {
  const made = await prepare(recipe, options);
  print(`The model pack "${recipe.name}" is ready${made.length > 0 ? ` (made ${made.join(', ')})` : ''}.\n`);
  return 0;
}

/** Checks every file of the pack, and of those it extends. */
export async function runVerify(modelsDir: string, pack: string): Promise<number> {
  let isComplete = true;
  for (let recipe: Recipe | undefined = await readRecipe(modelsDir, pack); recipe; recipe = recipe.base) {
    const files = await inspect(recipe);
    const where = recipe.name === pack ? '' : `${recipe.name}/`;
    print(files.map(({ file, state }) => `${state.padEnd(8)} ${where}${file.file}\n`).join(''));
    isComplete &&= files.every(({ state }) => state === 'ok' || state === 'unpinned');
  }
  if (isComplete) return 0;
  process.stderr.write(
    `The model pack "${pack}" is not complete; run \`npm run models -- install ${pack}\`.\n`,
  );
  return 1;
}

/** Lists the packs: their state, the size of their downloads, and their licence. */
export async function runList(modelsDir: string): Promise<number> {
  for (const name of await packNames(modelsDir)) {
    const recipe = await readRecipe(modelsDir, name);
    const states = (await inspect(recipe)).map(({ state }) => state);
    const bytes = Object.values(recipe.sources).reduce((sum, source) => sum + (source.bytes ?? 0), 0);
    const size = bytes === 0 ? '' : `${mib(bytes)} MiB`;
    print(`${name.padEnd(12)} ${stateOf(states).padEnd(13)} ${size.padStart(9)}  ${recipe.licence}\n`);
    print(`${' '.repeat(12)} ${recipe.description}\n`);
  }
  return 0;
}

function stateOf(states: readonly FileState[]): string {
  if (states.every((state) => state === 'ok' || state === 'unpinned')) return 'installed';
  return states.includes('damaged') ? 'damaged' : 'not installed';
}

/** Removes the pack's files that can be fetched again. */
export async function runRemove(modelsDir: string, pack: string): Promise<number> {
  const { folder, files } = await readRecipe(modelsDir, pack);
  const fetched = files.filter(({ build }) => build !== undefined).map(({ file }) => file);
  for (const name of [...fetched, INSTALLATION_FILE, PARTIAL])
    await rm(join(folder, name), { recursive: true, force: true });
  print(`The files of the model pack "${pack}" are removed.\n`);
  return 0;
}

function print(text: string): void {
  process.stdout.write(text);
}
