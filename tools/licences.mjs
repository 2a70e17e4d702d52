/**
 * Lists the licences of all packages that a production install may have, and fails if one is not allowed. Of licences joined by
 * AND, all must be allowed; of licences joined by OR, one.
 */
import { packages } from './production-packages.mjs';

/** Permissive licences, which only require attribution. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);
/** Licences that are allowed for certain packages only, with the reason. */
const EXCEPTIONS = [
  {
    packages: /^@img\/sharp-(libvips-|win32-|wasm32)/,
    licence: 'LGPL-3.0-or-later',
    because:
      'libvips is a separate shared library that sharp loads: it can be replaced by another build, and the repository of its package documents its sources',
  },
  {
    packages: /^spdx-exceptions$/,
    licence: 'CC-BY-3.0',
    because: 'a list of names, not a program',
  },
];

const isAllowed = (name, licence) =>
  ALLOWED.has(licence) || EXCEPTIONS.some((one) => one.licence === licence && one.packages.test(name));

/** @param {{ name: string, licence?: string }} pkg */
function isFine({ name, licence }) {
  if (licence === undefined) return false;
  const alternatives = licence.replace(/^\((.*)\)$/, '$1').split(' OR ');
  return alternatives.some((all) => all.split(' AND ').every((one) => isAllowed(name, one.trim())));
}

const [folder] = process.argv.slice(2);
const all = packages({ folder }).sort((a, b) => a.name.localeCompare(b.name));
const width = (field) => Math.max(...all.map((pkg) => (pkg[field] ?? '').length));
const [names, versions, licences] = ['name', 'version', 'licence'].map(width);
for (const { name, version, licence = 'UNKNOWN', repository = '' } of all) {
  console.log(
    `${name.padEnd(names)}  ${version.padEnd(versions)}  ${licence.padEnd(licences)}  ${repository}`.trimEnd(),
  );
}
console.log('');
for (const { packages: names, licence, because } of EXCEPTIONS) {
  const count = all.filter((pkg) => names.test(pkg.name) && pkg.licence?.includes(licence)).length;
  if (count > 0) console.log(`${licence} (${count} packages): ${because}.`);
}
const refused = all.filter((pkg) => !isFine(pkg));
for (const { name, version, licence = 'no licence' } of refused)
  console.error(`Not allowed: ${name}@${version}, ${licence}.`);
console.log(`${all.length} packages, ${refused.length} with a licence that is not allowed.`);
process.exitCode = refused.length === 0 ? 0 : 1;
