/**
 * Lists the packages that run an install script at `npm ci`, and fails if one has not been reviewed. npm 11 runs only the scripts
 * that "allowScripts" in package.json permits; npm 10 ignores that setting and runs all of them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from './production-packages.mjs';

/** What the reviewed scripts do under npm 10. */
const KNOWN = {
  'onnxruntime-node': 'would download CUDA libraries; .npmrc makes it skip that',
  '@parcel/watcher': 'builds from source only on request; development only',
  'unrs-resolver': 'checks that its binary for this platform is installed; development only',
};

const [folder = '.'] = process.argv.slice(2);
const { allowScripts = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const withScripts = packages({ folder, dev: true }).filter(({ hasInstallScript }) => hasInstallScript);
const problems = [];
for (const { name, version, isForDevelopment } of withScripts) {
  const install = isForDevelopment ? 'development' : 'production';
  const isRun = allowScripts[name] !== false;
  console.log(
    `${name}@${version} (${install}): npm 10 runs it, npm 11 ${isRun ? 'too' : 'does not'}; ${KNOWN[name] ?? 'unknown'}.`,
  );
  if (!Object.hasOwn(KNOWN, name)) problems.push(`${name} has an install script that has not been reviewed`);
  if (isRun) problems.push(`${name} is not refused in "allowScripts" of package.json`);
}
for (const name of Object.keys(KNOWN))
  if (!withScripts.some((pkg) => pkg.name === name)) problems.push(`${name} no longer has an install script`);
for (const problem of problems) console.error(`install-scripts: ${problem}.`);
process.exitCode = problems.length === 0 ? 0 : 1;
