/** The packages that a production install may have, on any platform, as pinned in package-lock.json. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The licence in a manifest: `license` or, in old manifests, a list `licenses`. */
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
 * Name, version, licence and repository of each package, and whether it has an install script. The repository is unknown for
 * packages of other platforms: they are not installed here, and the lock file does not state it.
 * @param {{ folder?: string, dev?: boolean }} options folder of the project; `dev`: include packages for development
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
