/** A models folder with one pack, a stand-in registry for it, and the compiled command line run against both. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyTransforms, type Transform } from '../../models/tools/apply-transforms.js';
import { inspect, sha256 } from '../../models/tools/checksum.js';
import { readRecipe } from '../../models/tools/recipe.js';
import { StandInRegistry } from './stand-in-registry.js';
import { noise, pointwise, tinyGraph } from '../fixtures/tiny-graphs.js';

/** Big enough that half of it is more than one packet. */
const BIG = tinyGraph(
  [1, 256, 4, 4],
  { y: [1, 512, 4, 4] },
  [pointwise('input', 'y', 'w')],
  [noise('w', [512, 256, 1, 1])],
);
const SMALL = tinyGraph(
  [1, 3, 4, 4],
  { y: [1, 2, 4, 4] },
  [pointwise('input', 'y', 'w')],
  [noise('w', [2, 3, 1, 1])],
);
const TRANSFORMS: Transform[] = [
  {
    op: 'interface',
    inputs: [{ from: 'input', name: 'input', shape: ['N', 'C', 4, 4] }],
    outputs: [{ from: 'y', name: 'out', shape: ['N', 'M', 4, 4] }],
  },
];

/** npm settings by their names in the environment, without `npm_config_`. */
export type NpmSettings = Readonly<Record<string, string>>;

/** How a run of the command line ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything one test needs; `close` removes it. */
export class Workbench {
  private constructor(
    readonly home: string,
    readonly registry: StandInRegistry,
  ) {}

  static async open(): Promise<Workbench> {
    const home = await mkdtemp(join(tmpdir(), 'face-models-test-'));
    const files = { 'big.onnx': BIG, 'small.onnx': SMALL };
    const bench = new Workbench(home, await StandInRegistry.start(join(home, 'registry'), files));
    await bench.writePack();
    return bench;
  }

  async close(): Promise<void> {
    await this.registry.close();
    await rm(this.home, { recursive: true, force: true });
  }

  /** The folder of the packs. */
  get models(): string {
    return join(this.home, 'models');
  }

  /** Path of pack.json. */
  get manifest(): string {
    return join(this.models, 'tiny/pack.json');
  }

  /** Gives small.onnx a form for the CPU, and the pack a graph of its own with another. */
  async addFormsForCpu(): Promise<void> {
    const ranges = { input: [-1, 1], y: [-8, 8], out: [-8, 8] } as const;
    const steps: Transform[] = [{ op: 'quantise', ranges }];
    const named = [{ op: 'quantise', ranges: 'ranges.json' }];
    const form = (file: string, bytes: Uint8Array, before: readonly Transform[]) => ({
      file,
      sha256: sha256(applyTransforms(bytes, [...before, ...steps])),
      transforms: named,
    });
    const manifest = JSON.parse(await readFile(this.manifest, 'utf8')) as { models: Record<string, object> };
    const { small } = manifest.models;
    manifest.models = {
      small: { ...small, onCpu: form('small-8-bit.onnx', SMALL, TRANSFORMS) },
      own: { file: 'own.onnx', sha256: sha256(SMALL), onCpu: form('own-8-bit.onnx', SMALL, []) },
    };
    await writeFile(this.manifest, JSON.stringify(manifest));
    await writeFile(join(this.models, 'tiny/ranges.json'), JSON.stringify(ranges));
    await writeFile(join(this.models, 'tiny/own.onnx'), SMALL);
  }

  /** Writes the pack `tiny` with the graphs big.onnx and small.onnx. */
  async writePack(folder = this.models, pins: Readonly<Record<string, string>> = {}): Promise<void> {
    const model = (name: string, bytes: Uint8Array) => ({
      file: `${name}.onnx`,
      sha256: pins[name] ?? sha256(applyTransforms(bytes, TRANSFORMS)),
      build: { source: 'tiny', path: `${name}.onnx`, transforms: TRANSFORMS },
    });
    const models = { big: model('big', BIG), small: model('small', SMALL) };
    await mkdir(join(folder, 'tiny'), { recursive: true });
    await writeFile(
      join(folder, 'tiny/pack.json'),
      JSON.stringify({ sources: { tiny: this.registry.source }, models }),
    );
  }

  /** The environment of somebody who has configured nothing but `settings` of npm. */
  environment(settings: NpmSettings = {}): NodeJS.ProcessEnv {
    const npm = {
      registry: this.registry.url,
      cache: join(this.home, 'cache'),
      userconfig: join(this.home, 'npmrc'),
      ...settings,
    };
    const others = Object.entries(process.env).filter(([name]) => !/^(npm_|.*proxy$)/i.test(name));
    return {
      ...Object.fromEntries(others),
      ...Object.fromEntries(Object.entries(npm).map(([name, value]) => [`npm_config_${name}`, value])),
    };
  }

  /** Arguments of Node.js that run the command line on the pack. */
  command(args: readonly string[], folder = this.models, pack = 'tiny'): string[] {
    const [command, ...options] = args;
    const named =
      command === undefined || command.startsWith('-') || command === 'list'
        ? args
        : [command, pack, ...options];
    return ['dist/models/tools/cli.js', ...named, '--models-dir', folder];
  }

  /** Runs the command line to its end. */
  run(args: readonly string[], settings?: NpmSettings, folder?: string, pack?: string): Promise<Outcome> {
    const env = this.environment(settings);
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        this.command(args, folder, pack),
        { env },
        (_, stdout, stderr) => {
          resolve({ code: child.exitCode, stdout, stderr });
        },
      );
    });
  }

  /** Names in the pack's folder, sorted. */
  async listing(folder = this.models): Promise<string[]> {
    return (await readdir(join(folder, 'tiny'))).sort();
  }

  /** State of each graph, in the order of pack.json. */
  async states(): Promise<string[]> {
    return (await inspect(await readRecipe(this.models, 'tiny'))).map(({ state }) => state);
  }
}
