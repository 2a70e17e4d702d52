/**
 * The incremental twin of `nest build`: same tsconfig.json, same plugins of nest-cli.json, but it compiles only what has
 * changed since the last build. Compiles once, or watches the sources.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const CONFIG = 'tsconfig.json';
const { plugins } = JSON.parse(readFileSync('nest-cli.json', 'utf8')).compilerOptions;
const loaded = await Promise.all(
  plugins.map(async ({ name, options }) => ({ plugin: await import(`${name}/plugin`), options })),
);

const format = {
  getCanonicalFileName: (path) => path,
  getCurrentDirectory: ts.sys.getCurrentDirectory,
  getNewLine: () => ts.sys.newLine,
};
const report = (diagnostics) =>
  process.stderr.write(ts.formatDiagnosticsWithColorAndContext(diagnostics, format));

/** Writes what has changed. @returns whether it has no errors, and the files written */
function emit(program) {
  const errors = [...program.getConfigFileParsingDiagnostics(), ...program.getSyntacticDiagnostics()];
  if (errors.length === 0)
    errors.push(
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...program.getSemanticDiagnostics(),
    );
  const before = loaded.map(({ plugin, options }) => plugin.before(options, program.getProgram()));
  const written = [];
  const write = (path, ...rest) => {
    ts.sys.writeFile(path, ...rest);
    written.push(relative('.', path));
  };
  const { diagnostics } = program.emit(undefined, write, undefined, undefined, { before });
  errors.push(...diagnostics);
  if (errors.length > 0) report(errors);
  removeOrphans('dist');
  return { isFine: errors.length === 0, written };
}

/** Removes compiled files whose source is gone: a deleted test must not run any more. */
function removeOrphans(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOrphans(path);
    else if (/\.js(\.map)?$/.test(path) && !existsSync(sourceOf(path))) rmSync(path);
  }
}

const sourceOf = (path) => relative('dist', path).replace(/\.js(\.map)?$/, '.ts');

/** @returns whether the sources have no errors */
export function compile() {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => report([diagnostic]) };
  const parsed = ts.getParsedCommandLineOfConfigFile(CONFIG, {}, host);
  if (parsed === undefined) return false;
  const { fileNames: rootNames, options, errors: configFileParsingDiagnostics } = parsed;
  const program = ts.createIncrementalProgram({ rootNames, options, configFileParsingDiagnostics });
  return emit(program).isFine;
}

/**
 * Compiles now, and again at every change until the process ends.
 * @param {(written: readonly string[]) => void} onCompiled called after each time without errors
 */
export function watch(onCompiled) {
  const quiet = () => undefined;
  const create = ts.createEmitAndSemanticDiagnosticsBuilderProgram;
  const host = ts.createWatchCompilerHost(CONFIG, {}, ts.sys, create, quiet, quiet);
  host.afterProgramCreate = (program) => {
    const { isFine, written } = emit(program);
    if (isFine) onCompiled(written);
  };
  ts.createWatchProgram(host);
}
