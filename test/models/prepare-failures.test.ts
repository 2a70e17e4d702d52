/** What `npm run models` says and leaves behind when the registry, the network or the disk does what it should not. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount, mountSmallDisk, unmount } from '../support/small-disk.js';
import { type Outcome, Workbench } from '../support/workbench.js';

let bench: Workbench;

beforeEach(async () => {
  bench = await Workbench.open();
});

afterEach(() => bench.close());

/** Exit code 1, one sentence as the last line, and nothing left behind. */
async function expectFailure(
  { code, stderr }: Outcome,
  sentence: RegExp,
  folder = bench.models,
): Promise<void> {
  const lines = stderr
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('Fetching '));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(sentence);
  expect(code).toBe(1);
  expect(await bench.listing(folder)).toEqual(['pack.json']);
}

describe('prepare, when something goes wrong', () => {
  it('says what to do when the registry cannot be reached', async () => {
    const outcome = await bench.run(['prepare'], { registry: 'http://127.0.0.1:9', fetch_retries: '0' });
    await expectFailure(
      outcome,
      /^The npm registry 127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\).*check the network/,
    );
  });

  it('reports a tarball that does not match its pinned integrity', async () => {
    bench.registry.behaviour = 'tamper';
    await expectFailure(await bench.run(['prepare']), /tiny-graphs@1\.0\.0.*wrong integrity.*try again/);
  });

  it('reports that the registry announces a different tarball', async () => {
    const manifest = bench.manifest;
    const other = `sha512-${'A'.repeat(86)}==`;
    await writeFile(
      manifest,
      (await readFile(manifest, 'utf8')).replace(bench.registry.source.integrity, other),
    );
    await expectFailure(await bench.run(['prepare']), /wrong integrity/);
  });

  it('keeps nothing if a download breaks off halfway', async () => {
    bench.registry.behaviour = 'cut off';
    await expectFailure(
      await bench.run(['prepare'], { fetch_retries: '0' }),
      /^The npm registry .*check the network/,
    );
  });

  it('gives up on a registry that stops sending', async () => {
    bench.registry.behaviour = 'stall';
    await expectFailure(
      await bench.run(['prepare'], { fetch_timeout: '700' }),
      /^The npm registry .*check the network/,
    );
  });

  it('says which setting is missing when the registry wants a token', async () => {
    bench.registry.token = 'secret';
    await expectFailure(
      await bench.run(['prepare']),
      /refuses access .*\(E401\): check the token for it in \.npmrc/,
    );
  });

  it('names a package that the registry does not have', async () => {
    const manifest = bench.manifest;
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('tiny-graphs@', 'other-graphs@'));
    await expectFailure(await bench.run(['prepare']), /does not have other-graphs@1\.0\.0/);
  });

  it('installs nothing if one result does not match its checksum', async () => {
    await bench.writePack(bench.models, { small: '0'.repeat(64) });
    await expectFailure(await bench.run(['prepare']), /^small\.onnx came out with SHA-256 .* pins 0{64}/);
  });

  it('removes its folder when it is interrupted', async () => {
    bench.registry.behaviour = 'stall';
    const child = spawn(process.execPath, bench.command(['prepare']), {
      env: bench.environment(),
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await bench.registry.asked;
    expect(await bench.listing()).toHaveLength(2);
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(await bench.listing()).toEqual(['pack.json']);
  });

  it('lists the available packs when asked for one that does not exist', async () => {
    const { stderr } = await bench.run(['prepare'], {}, bench.models, 'nothing');
    expect(stderr).toMatch(/^The pack "nothing" has no readable .*pack\.json \(there are tiny\)\.\n$/);
  });
});

(canMount ? describe : describe.skip)('prepare on a file system that is full or read-only', () => {
  let disk: string;

  beforeEach(async () => {
    disk = join(bench.home, 'disk');
    await mkdir(disk);
    mountSmallDisk(disk, 256);
    await mkdir(join(disk, 'tiny'));
    await bench.writePack(disk);
  });

  afterEach(() => unmount(disk));

  it('says that the disk is full', async () => {
    await expectFailure(
      await bench.run(['prepare'], {}, disk),
      /^The disk is full \(ENOSPC at .*free some space/,
      disk,
    );
  });

  it('says that the disk of the download cache is full', async () => {
    await expectFailure(
      await bench.run(['prepare'], { cache: join(disk, 'cache') }),
      /^The disk is full \(ENOSPC at /,
    );
  });

  it('says that it has no permission to write', async () => {
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expectFailure(
      await bench.run(['prepare'], {}, disk),
      /cannot be written \(EROFS at .*MODELS_DIR/,
      disk,
    );
  });
});
