/** `npm run cuda` as users run it: the compiled command line, with a NuGet feed on this machine. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedMetadata, providerPackage } from '../../tools/cuda/provider-package.js';
import { platformProblem } from '../../src/sessions/cuda-machine.js';
import { tinyZip } from '../fixtures/tiny-zip.js';

const { name: NAME, version: VERSION } = providerPackage(installedMetadata());
const ID = NAME.toLowerCase();
const CUDA = 'libonnxruntime_providers_cuda.so';
const SHARED = 'libonnxruntime_providers_shared.so';
const onLinux = platformProblem(process) === undefined ? describe : describe.skip;

/** A NuGet package: its manifest, the libraries of two platforms, and one that is not used. */
function nupkg(version = VERSION, without = ''): Buffer {
  const native = 'runtimes/linux-x64/native/';
  const entries = [
    { name: `${NAME}.nuspec`, content: Buffer.from(`<package><metadata><version>${version}</version>`) },
    { name: `${native}${CUDA}`, content: Buffer.from('the CUDA provider') },
    { name: `${native}${SHARED}`, content: Buffer.from('what providers share') },
    { name: `${native}libonnxruntime_providers_tensorrt.so`, content: Buffer.from('not used') },
    { name: `runtimes/linux-arm64/native/${CUDA}`, content: Buffer.from('of another platform') },
  ];
  return tinyZip(entries.filter(({ name }) => name !== native + without));
}

let folder: string;
let feed: Server;
let url: string;
/** What the feed serves, by path. Objects are served as JSON. */
let pages: Record<string, object | Buffer>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cuda-install-'));
  feed = createServer((request, response) => {
    const page = pages[request.url ?? ''];
    if (page === undefined) response.writeHead(404).end();
    else response.end(Buffer.isBuffer(page) ? page : JSON.stringify(page));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => feed.once('listening', resolve));
  url = `http://127.0.0.1:${(feed.address() as AddressInfo).port}`;
  serve(nupkg());
});
afterEach(async () => {
  feed.closeAllConnections();
  await new Promise((resolve) => feed.close(resolve));
  await rm(folder, { recursive: true });
});

function serve(content: Buffer, described = content): void {
  pages = {
    '/v3/index.json': {
      resources: [
        { '@id': `${url}/flat/`, '@type': 'PackageBaseAddress/3.0.0' },
        { '@id': `${url}/registration/`, '@type': 'RegistrationsBaseUrl/3.6.0' },
      ],
    },
    [`/flat/${ID}/index.json`]: { versions: ['1.0.0', VERSION] },
    [`/flat/${ID}/${VERSION}/${ID}.${VERSION}.nupkg`]: content,
    [`/registration/${ID}/${VERSION}.json`]: { catalogEntry: `${url}/catalog.json` },
    '/catalog.json': {
      packageSize: described.length,
      packageHash: createHash('sha512').update(described).digest('base64'),
      packageHashAlgorithm: 'SHA512',
    },
  };
}

async function run(...args: string[]) {
  const others = Object.entries(process.env).filter(([key]) => !/^(npm_|.*proxy$)/i.test(key));
  const child = spawn(process.execPath, ['dist/tools/cuda/cli.js', ...args], {
    env: {
      ...Object.fromEntries(others),
      npm_config_userconfig: join(folder, 'npmrc'),
      npm_config_fetch_retries: '1',
      npm_config_fetch_retry_mintimeout: '1',
    },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, stdout, stderr, lastLine: stderr.trim().split('\n').at(-1) ?? '' };
}

const install = (...args: string[]) => run('--unchecked', '--into', folder, ...args);
const fromFeed = () => install('--feed', `${url}/v3/index.json`);
const listing = async (): Promise<string[]> => (await readdir(folder)).sort();

async function expectInstalled({ code, stderr }: { code: unknown; stderr: string }): Promise<void> {
  expect([code, stderr]).toEqual([0, stderr]);
  expect(await listing()).toEqual([CUDA, SHARED]);
  expect(await readFile(join(folder, CUDA), 'utf8')).toBe('the CUDA provider');
  expect(await readFile(join(folder, SHARED), 'utf8')).toBe('what providers share');
}

async function expectFailure(
  { code, lastLine }: { code: unknown; lastLine: string },
  sentence: RegExp,
): Promise<void> {
  expect(lastLine).toMatch(sentence);
  expect(code).toBe(1);
  expect((await listing()).filter((name) => name.endsWith('.so'))).toEqual([]);
}

test('the package is the one onnxruntime-node names for its own version', async () => {
  const manifest = JSON.parse(await readFile('node_modules/onnxruntime-node/package.json', 'utf8')) as {
    version: string;
  };
  expect(VERSION).toBe(manifest.version);
  expect([...providerPackage(installedMetadata()).files.values()]).toEqual([CUDA, SHARED]);
});

onLinux('npm run cuda', () => {
  test('takes the libraries of this platform out of the package, and nothing else', async () => {
    const outcome = await fromFeed();
    await expectInstalled(outcome);
    expect(outcome.stderr).toMatch(/^Fetching \S+ [\d.]+ from 127\.0\.0\.1:\d+: 100 %/);
    expect(outcome.stdout).toContain(`of ONNX Runtime ${VERSION} are in ${folder}`);
  });

  test('takes a local copy, and one at another address', async () => {
    const copy = join(folder, 'copy.nupkg');
    await writeFile(copy, nupkg());
    const outcome = await install('--from', copy);
    await rm(copy);
    await expectInstalled(outcome);
    await expectInstalled(await install('--from', `${url}/flat/${ID}/${VERSION}/${ID}.${VERSION}.nupkg`));
  });

  test('refuses a machine that lacks what the libraries need, and fetches nothing', async () => {
    const { code, stdout, stderr } = await run('--check');
    // On a machine with a GPU, nothing is refused.
    if (code === 0) return expect(stdout).toBe('CUDA can be used.\n');
    expect(stderr).toMatch(/libcuda\.so\.1|libcudart\.so|libcudnn\.so|npm run cuda/);
    pages = {};
    if (/libcu/.test(stderr))
      await expectFailure(await run('--into', folder), /^Nothing was installed; use --unchecked/);
  });

  test('refuses a package that is not what the feed describes', async () => {
    const other = nupkg();
    other[other.length - 1] ^= 1;
    serve(other, nupkg());
    await expectFailure(await fromFeed(), /is damaged or not what the feed describes.*--from/);
    serve(Buffer.from('<html>Please log in</html>'), nupkg());
    await expectFailure(await fromFeed(), /offers 26 bytes where the feed expects \d+/);
  });

  test('refuses another version: it would not fit the runtime', async () => {
    const copy = join(folder, 'copy.nupkg');
    await writeFile(copy, nupkg('1.2.3'));
    await expectFailure(
      await install('--from', copy),
      new RegExp(`Gpu\\.Linux 1\\.2\\.3, but the installed onnxruntime-node needs ${VERSION}`),
    );
  });

  test('refuses a package without one of the libraries, and installs none of the others', async () => {
    const copy = join(folder, 'copy.nupkg');
    await writeFile(copy, nupkg(VERSION, SHARED));
    await expectFailure(await install('--from', copy), /copy\.nupkg has no \S*providers_shared\.so/);
  });

  test('says what a feed lacks', async () => {
    pages[`/flat/${ID}/index.json`] = { versions: ['1.0.0'] };
    await expectFailure(await fromFeed(), new RegExp(`has no ${NAME} ${VERSION}.*--feed`));
    pages['/v3/index.json'] = { resources: [] };
    await expectFailure(await fromFeed(), /is not a NuGet feed of version 3/);
  });

  test('accepts a mirror without a catalogue', async () => {
    pages['/v3/index.json'] = {
      resources: [{ '@id': `${url}/flat`, '@type': 'PackageBaseAddress/3.0.0' }],
    };
    await expectInstalled(await fromFeed());
  });

  test('refuses a missing file and an unknown option', async () => {
    await expectFailure(await install('--from', '/no/such.nupkg'), /^There is no file \/no\/such\.nupkg/);
    expect((await run('--form', 'x')).stderr).toMatch(/Unknown option '--form'[\s\S]*Usage: npm run cuda/);
  });
});
