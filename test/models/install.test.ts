/** `npm run models -- install` as its user meets it: the compiled command line against a web server on this machine. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../models/tools/checksum.js';
import { canMount, mountSmallDisk, unmount } from '../support/small-disk.js';
import { StandInHost } from '../support/stand-in-host.js';
import { tinyZip, type ZipEntry } from '../fixtures/tiny-zip.js';

/** Does not shrink, so that half of the archive is half of the graph. */
const GRAPH = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (Math.sin(index) * 1e6) & 255));
const SMALL = Buffer.from('a small graph');
const ENTRIES: readonly ZipEntry[] = [
  { name: 'readme.txt', content: Buffer.from('not wanted') },
  { name: 'pack/big.onnx', content: GRAPH },
  { name: 'pack/small.onnx', content: SMALL },
];
const ARCHIVE = tinyZip(ENTRIES);
const INSTALLED = ['big.onnx', 'installed.json', 'pack.json', 'small.onnx'];

let home: string;
let host: StandInHost;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'face-models-test-'));
  host = await StandInHost.start('pack.zip', ARCHIVE);
  await mkdir(join(home, 'models/web'), { recursive: true });
  await writePack({});
});

afterEach(async () => {
  await host.close();
  await rm(home, { recursive: true, force: true });
});

/** Writes the pack `web`; `undefined` leaves a pin out. */
async function writePack(pins: {
  archive?: string;
  big?: string;
  bytes?: number;
  folder?: string;
}): Promise<void> {
  const { archive = sha256(ARCHIVE), big = sha256(GRAPH), bytes = ARCHIVE.length } = pins;
  const model = (name: string, pin: string) => ({
    file: name,
    ...(pin !== '' && { sha256: pin }),
    build: { source: 'release', path: name },
  });
  const release = {
    url: host.url,
    ...(archive !== '' && { sha256: archive }),
    ...(bytes > 0 && { bytes }),
    licence: 'Only for tests',
    licenceUrl: 'https://example.org/licence',
  };
  const models = { big: model('big.onnx', big), small: model('small.onnx', big === '' ? '' : sha256(SMALL)) };
  const folder = pins.folder ?? join(home, 'models');
  await writeFile(join(folder, 'web/pack.json'), JSON.stringify({ sources: { release }, models }));
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, folder?: string) {
  const others = Object.entries(process.env).filter(([name]) => !/^(npm_|.*proxy$)/i.test(name));
  const settings = {
    npm_config_cache: join(home, 'cache'),
    npm_config_userconfig: join(home, 'npmrc'),
    npm_config_fetch_retries: '2',
    npm_config_fetch_retry_mintimeout: '1',
    npm_config_fetch_timeout: '700',
  };
  return spawn(
    process.execPath,
    ['dist/models/tools/cli.js', ...args, '--models-dir', folder ?? join(home, 'models')],
    { env: { ...Object.fromEntries(others), ...settings, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
}

async function run(args: readonly string[], env?: Readonly<Record<string, string>>, folder?: string) {
  const child = start(args, env, folder);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, stdout, stderr, lastLine: stderr.trim().split('\n').at(-1) ?? '' };
}

const install = (...args: string[]) => run(['install', 'web', '--accept-license', ...args]);
const listing = async (): Promise<string[]> => (await readdir(join(home, 'models/web'))).sort();

async function expectInstalled({ code, stderr }: { code: unknown; stderr: string }): Promise<void> {
  expect([code, stderr]).toEqual([0, stderr]);
  expect(await listing()).toEqual(INSTALLED);
  expect((await readFile(join(home, 'models/web/big.onnx'))).equals(GRAPH)).toBe(true);
}

async function expectFailure(
  { code, lastLine }: { code: unknown; lastLine: string },
  sentence: RegExp,
  left: readonly string[] = ['pack.json'],
): Promise<void> {
  expect(lastLine).toMatch(sentence);
  expect(code).toBe(1);
  expect(await listing()).toEqual(left);
}

describe('install', () => {
  it('shows the licence, downloads, unpacks, and records the checksums', async () => {
    const outcome = await install();
    await expectInstalled(outcome);
    expect(outcome.stderr).toMatch(/Licence: Only for tests\n +https:\/\/example\.org\/licence\n/);
    expect(outcome.stderr).toMatch(/Fetching pack\.zip from 127\.0\.0\.1:\d+: 100 % \(.* MiB\/s\)\n/);
    const note = JSON.parse(await readFile(join(home, 'models/web/installed.json'), 'utf8')) as object;
    expect(note).toMatchObject({
      from: host.url,
      licence: 'Only for tests',
      files: { 'big.onnx': sha256(GRAPH) },
    });
  });

  it('downloads nothing if the licence is not accepted', async () => {
    await expectFailure(await run(['install', 'web']), /licence of web was not accepted.*--accept-license/);
    expect(host.ranges).toEqual([]);
  });

  it('does not happen when the service starts, which says what to run', async () => {
    await expectFailure(
      await run(['prepare', 'web']),
      /^The model pack "web" is not installed: run `npm run models -- install web` \(0\.3 MiB; licence: Only for tests\)\.$/,
    );
    expect(host.ranges).toEqual([]);
  });

  it('touches no network the second time', async () => {
    await install();
    await host.close();
    await expectInstalled(await install());
    expect((await run(['prepare', 'web'])).code).toBe(0);
  });

  it('accepts a local file, and another address', async () => {
    await writeFile(join(home, 'copy.zip'), ARCHIVE);
    await expectInstalled(await install('--from', join(home, 'copy.zip')));
    expect(host.ranges).toEqual([]);
    await run(['remove', 'web']);
    expect(await listing()).toEqual(['pack.json']);
    await expectInstalled(await install('--from', host.url.replace('pack.zip', 'mirror/pack.zip')));
  });

  it('uses the proxy from the environment', async () => {
    const proxy = host.url.replace('/pack.zip', '');
    const elsewhere = 'http://models.example.org/pack.zip';
    const outcome = await run(['install', 'web', '--accept-license', '--from', elsewhere], {
      http_proxy: proxy,
    });
    await expectInstalled(outcome);
    expect(host.proxied).toEqual([elsewhere]);
  });

  it('follows a redirect', async () => {
    host.script.push('redirect');
    await expectInstalled(await install());
  });
});

describe('a checksum that pack.json does not pin', () => {
  it('is recorded when the file is installed, and checked from then on', async () => {
    await writePack({ archive: '', big: '', bytes: 0 });
    await expectInstalled(await install());
    expect((await run(['verify', 'web'])).stdout).toBe('ok       big.onnx\nok       small.onnx\n');
    await writeFile(join(home, 'models/web/big.onnx'), 'changed');
    const { code, stdout } = await run(['verify', 'web']);
    expect([code, stdout]).toEqual([1, 'damaged  big.onnx\nok       small.onnx\n']);
  });
});

describe('a server that', () => {
  it('breaks off is asked for the rest', async () => {
    host.script.push('cut off', 'cut off', 'cut off');
    await expectInstalled(await install());
    expect(host.ranges[0]).toBe('');
    expect(host.ranges.slice(1)).toEqual<unknown[]>(
      Array.from({ length: 3 }, (): unknown => expect.stringMatching(/^bytes=\d+-$/)),
    );
  });

  it('keeps breaking off leaves a partial file, which the next run continues', async () => {
    host.script.push('cut off', 'refuse');
    await expectFailure(await install(), /answers with status 403/, ['.partial', 'pack.json']);
    await expectInstalled(await install());
    expect(host.ranges[2]).toMatch(/^bytes=\d+-$/);
  });

  it('stalls is asked for the rest after a time-out', async () => {
    host.script.push('stall');
    await expectInstalled(await install());
    expect(host.ranges[1]).toMatch(/^bytes=\d+-$/);
  });

  it('never answers makes the installation fail', async () => {
    host.script.push('stall at once', 'stall at once', 'stall at once');
    await expectFailure(await install(), /does not deliver \(nothing arrives any more\).*--from/);
  });

  it('is overloaded is asked again', async () => {
    host.script.push('overload');
    await expectInstalled(await install());
  });

  it('sends a web page instead of the file is refused', async () => {
    host.script.push('page');
    await expectFailure(await install(), /offers 26 bytes where pack\.json expects \d+/);
  });

  it('sends a web page is refused even if no checksum is pinned', async () => {
    await writePack({ archive: '', big: '', bytes: 0 });
    host.script.push('page');
    await expectFailure(await install(), /^pack\.zip cannot be unpacked/);
  });

  it('claims more than it sends is refused', async () => {
    host.script.push('claim more');
    await expectFailure(await install(), /offers \d+ bytes where/);
  });

  it('claims more than it sends makes the installation fail if no size is pinned', async () => {
    await writePack({ bytes: 0 });
    host.script.push('claim more', 'claim more', 'claim more');
    const { code, lastLine } = await install();
    expect([code, lastLine]).toEqual([1, expect.stringMatching(/\(.*\): check the network .*--from/)]);
    // Whether a part is kept depends on how much of it the reset left standing.
    expect((await listing()).filter((name) => name !== '.partial')).toEqual(['pack.json']);
  });

  it('claims less than it sends is refused', async () => {
    await writePack({ bytes: 0 });
    host.script.push('claim less', 'claim less');
    await expectFailure(await install(), /is damaged or not what pack\.json expects/);
  });

  it('states no length is accepted up to the pinned size', async () => {
    host.script.push('no length');
    await expectInstalled(await install());
    await run(['remove', 'web']);
    await writePack({ bytes: ARCHIVE.length - 1 });
    host.script.push('no length');
    await expectFailure(await install(), /sends more than the \d+ bytes/);
  });

  it.each(['ignore range', 'wrong range'] as const)(
    'answers a range with %s makes the download start again',
    async (how) => {
      host.script.push('cut off', how);
      await expectInstalled(await install());
    },
  );

  it('changes the file between two attempts makes the download start again', async () => {
    host.script.push('cut off', 'refuse');
    host.file = Buffer.alloc(ARCHIVE.length);
    await install();
    [host.file, host.etag] = [ARCHIVE, '"2"'];
    await expectInstalled(await install());
  });

  it('names no version makes the download start again', async () => {
    host.etag = undefined;
    host.script.push('cut off');
    await expectInstalled(await install());
    expect(host.ranges).toEqual(['', '']);
  });

  it('sends another archive is refused, and the archive is deleted', async () => {
    host.file = tinyZip([{ name: 'big.onnx', content: Buffer.alloc(10) }]);
    await writePack({ bytes: 0 });
    await expectFailure(await install(), /pack\.zip is damaged or not what pack\.json expects/);
  });
});

describe('an archive that', () => {
  const refuses = async (
    entries: readonly ZipEntry[],
    sentence: RegExp,
    pins: object = {},
  ): Promise<void> => {
    host.file = tinyZip(entries);
    await writePack({ archive: sha256(host.file), bytes: host.file.length, ...pins });
    const outcome = await install();
    expect(outcome.lastLine).toMatch(sentence);
    expect(outcome.code).toBe(1);
    expect((await listing()).filter((name) => name !== '.partial')).toEqual(['pack.json']);
  };
  const [, big, small] = ENTRIES as [ZipEntry, ZipEntry, ZipEntry];

  it('lacks a file is refused', () => refuses([big], /^pack\.zip has no small\.onnx/));
  it('contains a file twice is refused', () => refuses([...ENTRIES, big], /has big\.onnx twice/));
  it('leads out of its folder is refused', () =>
    refuses([{ ...big, name: '../../big.onnx' }, small], /cannot be unpacked.*\.\./));
  it('contains an absolute path is refused', () =>
    refuses([{ ...big, name: '/tmp/big.onnx' }, small], /cannot be unpacked.*absolute path/));
  it('contains another graph is refused', () =>
    refuses(
      [{ ...big, content: Buffer.from('else') }, small],
      /big\.onnx from pack\.zip has SHA-256 .* pins/,
    ));
  it('is damaged is refused', () => refuses([{ ...big, crc: 1 }, small], /wrong CRC-32/));
  it('states a wrong size is refused', () => refuses([{ ...big, size: 100 }, small], /cannot be unpacked/));
  it('unpacks to far more than its size is refused', () =>
    refuses([{ ...big, content: Buffer.alloc(10_000_000) }, small], /which no graph has/));
});

describe('install, when it is interrupted', () => {
  it('keeps the bytes that have arrived and nothing else', async () => {
    host.script.push('stall');
    const child = start(['install', 'web', '--accept-license'], { npm_config_fetch_timeout: '20000' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    while (host.ranges.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(await listing()).toEqual(['.partial', 'pack.json']);
    await expectInstalled(await install());
    expect(host.ranges[1]).toMatch(/^bytes=\d+-$/);
  });

  (canMount ? it : it.skip)('by a full disk, leaves nothing', async () => {
    const disk = join(home, 'disk');
    await mkdir(disk);
    mountSmallDisk(disk, 400);
    try {
      await mkdir(join(disk, 'web'));
      await writePack({ folder: disk });
      const outcome = await run(['install', 'web', '--accept-license'], {}, disk);
      expect(outcome.lastLine).toMatch(/^The disk is full \(ENOSPC/);
      expect(await readdir(join(disk, 'web'))).toEqual(['pack.json']);
    } finally {
      unmount(disk);
    }
  });
});
