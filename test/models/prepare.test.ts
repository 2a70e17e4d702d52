/** `npm run models` as its user meets it: the compiled command line against a registry on this machine. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Workbench } from '../support/workbench.js';

let bench: Workbench;

beforeEach(async () => {
  bench = await Workbench.open();
});

afterEach(() => bench.close());

describe('prepare', () => {
  const READY = ['big.onnx', 'pack.json', 'small.onnx'];

  it('downloads, transforms and installs the graphs', async () => {
    const { code, stdout, stderr } = await bench.run(['prepare']);
    expect(stderr).toMatch(/^Fetching tiny-graphs@1\.0\.0: 100 % \(.* MiB\/s\)\n$/);
    expect([code, stdout]).toEqual([0, 'The model pack "tiny" is ready (made big.onnx, small.onnx).\n']);
    expect(await bench.listing()).toEqual(READY);
    expect(await bench.states()).toEqual(['ok', 'ok']);
  });

  it('touches no network the second time', async () => {
    await bench.run(['prepare']);
    await bench.registry.close();
    expect(await bench.run(['prepare'])).toEqual({
      code: 0,
      stdout: 'The model pack "tiny" is ready.\n',
      stderr: '',
    });
  });

  it('makes the 8-bit graphs for CPUs, from downloaded graphs and from those of the pack', async () => {
    await bench.addFormsForCpu();
    const { stdout } = await bench.run(['prepare']);
    expect(stdout).toBe(
      'The model pack "tiny" is ready (made small.onnx, small-8-bit.onnx, own-8-bit.onnx).\n',
    );
    expect(await bench.states()).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it('names the ranges that cannot be read', async () => {
    await bench.addFormsForCpu();
    await writeFile(join(bench.models, 'tiny/ranges.json'), '{');
    const { code, stderr } = await bench.run(['prepare']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ranges\.json cannot be read as JSON/);
  });

  it('remakes a damaged file', async () => {
    await bench.run(['prepare']);
    await writeFile(join(bench.models, 'tiny/small.onnx'), 'damaged');
    const { code, stdout, stderr } = await bench.run(['verify']);
    expect([code, stdout]).toEqual([1, 'ok       big.onnx\ndamaged  small.onnx\n']);
    expect(stderr).toMatch(/npm run models/);
    const { stdout: again } = await bench.run(['prepare']);
    expect(again).toBe('The model pack "tiny" is ready (made small.onnx).\n');
    expect(await bench.states()).toEqual(['ok', 'ok']);
  });

  it('uses the registry and the token of .npmrc', async () => {
    bench.registry.token = 'secret';
    const host = bench.registry.url.replace('http:', '');
    await writeFile(
      join(bench.home, 'npmrc'),
      `registry=${bench.registry.url}/\n${host}/:_authToken=secret\n`,
    );
    const env = bench.environment();
    delete env['npm_config_registry'];
    const code = await new Promise((resolve) => {
      spawn(process.execPath, bench.command(['prepare']), { env, stdio: 'ignore' }).on('exit', resolve);
    });
    expect(code).toBe(0);
  });

  it('works without a writable cache', async () => {
    await writeFile(join(bench.home, 'not-a-folder'), '');
    expect(await bench.run(['prepare'], { cache: join(bench.home, 'not-a-folder') })).toMatchObject({
      code: 0,
    });
    expect(await bench.listing()).toEqual(READY);
  });

  it('may run twice at once', async () => {
    const outcomes = await Promise.all([bench.run(['prepare']), bench.run(['prepare'])]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(await bench.listing()).toEqual(READY);
    expect(await bench.states()).toEqual(['ok', 'ok']);
  });

  it('removes what a killed run left, but nothing that another run is using', async () => {
    const dead = `.tmp-${hostname()}-${2 ** 30}-00000000`;
    const living = `.tmp-${hostname()}-${process.pid}-00000000`;
    const elsewhere = '.tmp-another.host-1-00000000';
    for (const name of [dead, living, elsewhere]) await mkdir(join(bench.models, 'tiny', name));
    await bench.run(['prepare']);
    expect(await bench.listing()).toEqual([living, elsewhere, ...READY].sort());
  });
});

describe('the command line', () => {
  it('lists the packs', async () => {
    const { code, stdout } = await bench.run(['list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^tiny +not installed +[\d.]+ MiB/);
  });

  it('prints its usage', async () => {
    const { code, stdout } = await bench.run(['--help']);
    expect(stdout).toMatch(/^Usage: npm run models/);
    expect(code).toBe(0);
  });

  it.each(['bogus', '--bogus'])('refuses %s', async (argument) => {
    const { code, stderr } = await bench.run([argument]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Usage: npm run models/);
  });
});
