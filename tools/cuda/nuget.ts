/**
 * Finds a package in a NuGet feed (server API, version 3): its address, its size and its hash.
 * https://learn.microsoft.com/nuget/api/overview
 */
import fetch from 'make-fetch-happen';
import { AppError } from '../../src/errors.js';
import { explainDownload } from '../../models/tools/failures.js';
import type { NpmSettings } from '../../models/tools/npm-settings.js';

/** Maximum size of a JSON response. The index of a feed has a few KiB. */
const MAX_BYTES = 8 * 1024 * 1024;

/** A package in a feed. */
export interface FeedPackage {
  readonly url: string;
  /** Size in bytes, if the feed states it. */
  readonly bytes?: number;
  /** SHA-512 in base64, if the feed states it. */
  readonly sha512?: string;
}

/**
 * Finds a package.
 * @param feed address of the feed's index
 * @throws AppError `pack_unavailable` if the feed cannot be reached or does not have the package
 */
export async function findPackage(
  feed: string,
  name: string,
  version: string,
  settings: NpmSettings,
): Promise<FeedPackage> {
  const { resources } = await json<{ resources?: { '@id': string; '@type': string }[] }>(feed, settings);
  const base = resources?.find((each) => each['@type'].startsWith('PackageBaseAddress/'))?.['@id'];
  if (base === undefined)
    throw new AppError('pack_unavailable', `${feed} is not a NuGet feed of version 3: check --feed.`);
  const id = name.toLowerCase();
  const root = `${base.replace(/\/$/, '')}/${id}`;
  const { versions } = await json<{ versions?: string[] }>(`${root}/index.json`, settings);
  if (versions?.includes(version.toLowerCase()) !== true)
    throw new AppError(
      'pack_unavailable',
      `${new URL(feed).host} has no ${name} ${version}: try another feed with --feed, or a file with --from.`,
    );
  const url = `${root}/${version.toLowerCase()}/${id}.${version.toLowerCase()}.nupkg`;
  const registrations = resources
    ?.filter((each) => each['@type'].startsWith('RegistrationsBaseUrl'))
    .at(-1)?.['@id'];
  return { url, ...(await described(registrations, id, version, settings)) };
}

/** Size and hash from the feed's catalogue, which a mirror may lack. */
async function described(
  registrations: string | undefined,
  id: string,
  version: string,
  settings: NpmSettings,
): Promise<Pick<FeedPackage, 'bytes' | 'sha512'>> {
  if (registrations === undefined) return {};
  const leaf = `${registrations.replace(/\/$/, '')}/${id}/${version.toLowerCase()}.json`;
  const { catalogEntry } = await json<{ catalogEntry?: string | object }>(leaf, settings);
  const entry =
    typeof catalogEntry === 'string' ? await json<object>(catalogEntry, settings) : (catalogEntry ?? {});
  const { packageSize, packageHash, packageHashAlgorithm } = entry as Record<string, unknown>;
  return {
    bytes: typeof packageSize === 'number' ? packageSize : undefined,
    sha512: packageHashAlgorithm === 'SHA512' && typeof packageHash === 'string' ? packageHash : undefined,
  };
}

async function json<T>(url: string, settings: NpmSettings): Promise<T> {
  try {
    const response = await fetch(url, { ...settings, cachePath: undefined });
    if (response.status !== 200) throw new Error(`status ${response.status} for ${new URL(url).pathname}`);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > MAX_BYTES) throw new Error('the answer is too long');
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString()) as T;
  } catch (error) {
    throw explainDownload(error, url);
  }
}
