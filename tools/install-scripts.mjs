/**
 * Lists the packages that have an install script, and fails for one that has not been reviewed. None of them runs,
 * because .npmrc says `ignore-scripts`. A package that needs its script would be installed incomplete.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from './production-packages.mjs';

/** What the scripts of the known ones would do, and why the package works without. */
const KNOWN = {
  'onnxruntime-node': 'would download CUDA libraries; `npm run cuda` installs them on request',
  '@parcel/watcher': 'builds from source only on request',
  'unrs-resolver': 'checks that its binary for this platform is there',
};

const [folder = '.'] = process.argv.slice(2);
const npmrc = join(folder, '.npmrc');
const isRefused = existsSync(npmrc) && /^ignore-scripts\s*=\s*true\s*$/m.test(readFileSync(npmrc, 'utf8'));
const withScripts = packages({ folder, dev: true }).filter(({ hasInstallScript }) => hasInstallScript);
const problems = isRefused ? [] : ['.npmrc does not say "ignore-scripts=true"'];
for (const { name, version, isForDevelopment } of withScripts) {
  const install = isForDevelopment ? 'development' : 'production';
  console.log(`${name}@${version} (${install}): ${KNOWN[name] ?? 'unknown'}.`);
  if (!Object.hasOwn(KNOWN, name)) problems.push(`${name} has an install script that has not been reviewed`);
}
for (const name of Object.keys(KNOWN))
  if (!withScripts.some((pkg) => pkg.name === name)) problems.push(`${name} no longer has an install script`);
for (const problem of problems) console.error(`install-scripts: ${problem}.`);
process.exitCode = problems.length === 0 ? 0 : 1;
