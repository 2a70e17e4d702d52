/** Installed packages: their install scripts, licences and platforms, and the bill of materials. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Run {
  readonly status: number | null;
  readonly text: string;
}

function tool(name: string, ...args: string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`tools/${name}.mjs`, ...args], {
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

const folder = mkdtempSync(join(tmpdir(), 'supply-chain-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A project with a single package. */
function project(locked: Record<string, unknown>, npmrc = ''): string {
  writeFileSync(join(folder, '.npmrc'), npmrc);
  const packages = { '': {}, 'node_modules/odd': { version: '1.0.0', license: 'MIT', ...locked } };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
  return folder;
}

describe('install scripts', () => {
  test('all of them are reviewed and refused, and none sends data', () => {
    const { status, text } = tool('install-scripts');
    expect(text).not.toContain('install-scripts:');
    expect(status).toBe(0);
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(
      /"node_modules\/@scarf\/scarf": \{\s*"version"/,
    );
  });

  test('a new one fails, and scripts that npm would run', () => {
    const { status, text } = tool('install-scripts', project({ hasInstallScript: true }));
    expect(status).toBe(1);
    expect(text).toContain('odd@1.0.0 (production): unknown.');
    expect(text).toContain('odd has an install script that has not been reviewed');
    expect(text).toContain('.npmrc does not say "ignore-scripts=true"');
    const refused = tool('install-scripts', project({ hasInstallScript: true }, 'ignore-scripts=true\n'));
    expect(refused.status).toBe(1);
    expect(refused.text).not.toContain('.npmrc');
  });
});

describe('licences', () => {
  test('all are allowed, and the LGPL is attributed to libvips', () => {
    const { status, text } = tool('licences');
    expect(status).toBe(0);
    expect(text).toMatch(/^sharp +0\.\S+ +Apache-2\.0 +https:\/\/github\.com\/lovell\/sharp$/m);
    expect(text).toMatch(/^LGPL-3\.0-or-later \(\d+ packages\): libvips is a separate shared library/m);
  });

  test.each([
    ['GPL-3.0-only', 1],
    ['LGPL-3.0-or-later', 1],
    ['MIT AND GPL-2.0-only', 1],
    ['UNLICENSED', 1],
    [undefined, 1],
    ['(MIT OR GPL-3.0-only)', 0],
    ['MIT AND ISC', 0],
    ['0BSD', 0],
  ])('%s ends with %i', (license, status) => {
    const run = tool('licences', project({ license }));
    expect(run.status).toBe(status);
    if (status === 1) expect(run.text).toContain(`Not allowed: odd@1.0.0, ${license ?? 'no licence'}.`);
    expect(tool('licences', project({ license, dev: true })).status).toBe(0);
  });
});

test('the bill of materials names the packages and the models, with their hashes', () => {
  const { stdout } = spawnSync(process.execPath, ['tools/sbom.mjs'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const bom = JSON.parse(stdout) as {
    bomFormat: string;
    metadata: { component: { name: string } };
    components: { type: string; name: string; hashes?: { alg: string; content: string }[] }[];
  };
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'face-analysis-service' } },
  });
  const names = bom.components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['sharp', 'onnxruntime-node']));
  expect(names).not.toContain('jest');
  const models = bom.components.filter(({ type }) => type === 'machine-learning-model');
  expect(models.map(({ name }) => name)).toContain('default/detector-8-bit.onnx');
  for (const { hashes } of models)
    expect(hashes).toEqual([{ alg: 'SHA-256', content: expect.stringMatching(/^[0-9a-f]{64}$/) as string }]);
});

describe('packages for other platforms', () => {
  const bin = 'onnxruntime-node/bin/napi-v6';
  async function prune(options: object): Promise<number> {
    const file = pathToFileURL('tools/prune-platforms.mjs').href;
    const tool = (await import(file)) as { prune: (modules: string, options: object) => number };
    return tool.prune(join(folder, 'modules'), options);
  }
  const files = [
    ...['linux/x64', 'linux/arm64', 'darwin/arm64', 'win32/x64'].map(
      (platform) => `${bin}/${platform}/runtime.node`,
    ),
    'some/index.js',
    'some/index.js.map',
    'some/index.d.ts',
    'typescript/lib/tsc.js',
  ];
  const left = (): string[] => files.filter((file) => existsSync(join(folder, 'modules', file)));

  beforeEach(() => {
    for (const file of files) {
      const path = join(folder, 'modules', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '0123456789');
    }
  });

  test('are removed, also when repeated; with --lean, files for developers too', async () => {
    const platform = { platform: 'linux', arch: 'x64' };
    expect(await prune(platform)).toBe(30);
    expect(await prune(platform)).toBe(0);
    expect(left()).toEqual([files[0], ...files.slice(4)]);
    expect(await prune({ ...platform, lean: true })).toBe(30);
    expect(await prune({ ...platform, lean: true })).toBe(0);
    expect(left()).toEqual([files[0], 'some/index.js']);
  });

  test('are kept if there is none for this platform', async () => {
    expect(await prune({ platform: 'freebsd', arch: 'x64' })).toBe(0);
    expect(left()).toEqual(files);
  });
});
