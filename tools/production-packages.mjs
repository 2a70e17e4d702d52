/** The packages that a production install may have, as package-lock.json pins them, on every platform. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Licence as old manifests state it: `license`, or a list `licenses`. */
function licenceOf({ license, licenses }) {
  if (typeof license === 'string') return license;
  if (typeof license?.type === 'string') return license.type;
  return Array.isArray(licenses) ? licenses.map(({ type }) => type).join(' OR ') : undefined;
}

function repositoryOf({ repository }) {
  const url = typeof repository === 'string' ? repository : repository?.url;
  return url?.replace(/^git\+/, '').replace(/\.git$/, '');
}

/**
 * Name, version, licence and repository of each, and whether it has an install script. Of packages for other platforms, which
 * are not installed here, the lock file knows all but the repository.
 * @param {{ folder?: string, dev?: boolean }} options folder of the project; `dev`: those for development, too
 */
export function packages({ folder = '.', dev = false } = {}) {
  const { packages } = read(join(folder, 'package-lock.json'));
  return Object.entries(packages).flatMap(([path, locked]) => {
    if (path === '' || (locked.dev === true && !dev)) return [];
    const manifest = join(folder, path, 'package.json');
    const installed = existsSync(manifest) ? read(manifest) : {};
    return {
      name: locked.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: locked.version,
      licence: licenceOf(locked) ?? licenceOf(installed),
      repository: repositoryOf(installed),
      isForDevelopment: locked.dev === true,
      hasInstallScript: locked.hasInstallScript === true,
    };
  });
}
