/** Turns errors during the preparation of a pack into one sentence that says what to do. */
import { AppError, messageOf } from '../../src/errors.js';
import type { NpmSettings } from './npm-settings.js';

const UNREACHABLE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNECTIONTIMEOUT',
  'EIDLETIMEOUT',
  'ERESPONSETIMEOUT',
  'ETRANSFERTIMEOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'FETCH_ERROR',
]);
const REFUSED = new Set(['E401', 'E403', 'E407']);
const UNKNOWN_PACKAGE = new Set(['E404', 'ETARGET', 'EBADPLATFORM']);
const CERTIFICATE = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL)/;
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const NOT_ALLOWED = new Set(['EACCES', 'EPERM', 'EROFS']);

const OFFLINE = 'or copy a prepared pack folder from another machine';

/** The error to report for `error`, thrown while the package `name` was fetched. */
export function explainFetch(error: unknown, name: string, { registry, cache }: NpmSettings): AppError {
  const code = codeOf(error);
  const host = hostOf(registry);
  return explainDisk(error, cache) ?? unavailable(sentence(), error);

  function sentence(): string {
    if (code === 'EINTEGRITY' || code.startsWith('TAR_') || code.startsWith('Z_')) {
      return (
        `${name} from the npm registry ${host} is damaged or not what pack.json expects (wrong integrity): ` +
        `try again, check what a proxy or mirror does to it, ${OFFLINE}.`
      );
    }
    if (REFUSED.has(code)) {
      return `The npm registry ${host} refuses access to ${name} (${code}): check the token for it in .npmrc.`;
    }
    if (UNKNOWN_PACKAGE.has(code)) {
      return `The npm registry ${host} does not have ${name}: set another registry in .npmrc, ${OFFLINE}.`;
    }
    if (CERTIFICATE.test(code)) {
      return `The certificate of the npm registry ${host} is not trusted (${code}): set npm's \`cafile\`, ${OFFLINE}.`;
    }
    if (code === 'ENOTCACHED') {
      return `npm is set to work offline and ${name} is not in its cache: unset \`offline\`, ${OFFLINE}.`;
    }
    const reason = code === '' ? messageOf(error) : code;
    const problem = UNREACHABLE.has(code) ? 'cannot be reached' : 'does not deliver';
    return (
      `The npm registry ${host} ${problem} (${reason}) and ${name} is needed: ` +
      `check the network and npm's registry and proxy settings, ${OFFLINE}.`
    );
  }
}

/** The error to report for `error`, thrown while `url` was downloaded. */
export function explainDownload(error: unknown, url: string): Error {
  if (error instanceof Error && 'syscall' in error && error.syscall === 'write') return error;
  const code = codeOf(error);
  const { host } = new URL(url);
  const other = 'or fetch the file elsewhere and give it with --from';
  if (CERTIFICATE.test(code)) {
    return unavailable(
      `The certificate of ${host} is not trusted (${code}): set npm's \`cafile\`, ${other}.`,
      error,
    );
  }
  const stalled = error instanceof Error && error.name === 'AbortError';
  const reason = stalled ? 'nothing arrives any more' : code === '' ? messageOf(error) : code;
  const problem = UNREACHABLE.has(code) ? 'cannot be reached' : 'does not deliver';
  return unavailable(
    `${host} ${problem} (${reason}): check the network and the proxy settings and run the command again ` +
      `(it continues where it stopped), ${other}.`,
    error,
  );
}

/** Whether `error` says that the disk is full. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has(codeOf(error));
}

/** The error to report for a file system error at `place`; undefined for any other error. */
export function explainDisk(error: unknown, place: string): AppError | undefined {
  const code = codeOf(error);
  const path = pathOf(error) ?? place;
  if (DISK_FULL.has(code)) {
    return unavailable(
      `The disk is full (${code} at ${path}): free some space and run the command again.`,
      error,
    );
  }
  if (NOT_ALLOWED.has(code)) {
    const remedy =
      'run as a user who may write there, set MODELS_DIR, or prepare the pack when the image is built';
    return unavailable(`The pack cannot be written (${code} at ${path}): ${remedy}.`, error);
  }
  return undefined;
}

function unavailable(message: string, cause: unknown): AppError {
  return new AppError('pack_unavailable', message, {}, { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function pathOf(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

/** The registry without a path or the credentials that its URL may carry. */
function hostOf(registry: string): string {
  return URL.canParse(registry) ? new URL(registry).host : '(unreadable address)';
}
