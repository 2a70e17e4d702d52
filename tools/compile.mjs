/**
 * The incremental twin of `nest build`: same tsconfig.json, same plugins of nest-cli.json, but it compiles only what has
 * changed since the last build. Compiles once, or watches the sources.
 */
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
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

const errorsIn = (program, file) => [
  ...program.getSyntacticDiagnostics(file),
  ...program.getSemanticDiagnostics(file),
];
const transformers = (program) => ({
  before: loaded.map(({ plugin, options }) => plugin.before(options, program)),
});

/** Writes what has changed. @returns whether it has no errors, and the files written */
function emit(program) {
  const errors = [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...errorsIn(program),
  ];
  const written = [];
  const write = (path, ...rest) => {
    ts.sys.writeFile(path, ...rest);
    written.push(relative('.', path));
  };
  const plugged = transformers(program.getProgram());
  errors.push(...program.emit(undefined, write, undefined, undefined, plugged).diagnostics);
  // The compiler writes what differs from its last run. What `compileChanged` wrote since then is older than a file that was
  // changed back.
  for (const file of program.getSourceFiles().filter(({ fileName }) => isOwn(fileName) && isNewer(fileName)))
    program.getProgram().emit(file, write, undefined, false, plugged);
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

function configuration() {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => report([diagnostic]) };
  const parsed = ts.getParsedCommandLineOfConfigFile(CONFIG, {}, host);
  if (parsed === undefined) process.exit(1);
  const { fileNames: rootNames, options, errors: configFileParsingDiagnostics } = parsed;
  return { rootNames, options, configFileParsingDiagnostics };
}

/** @returns whether the sources have no errors */
export function compile() {
  return emit(ts.createIncrementalProgram(configuration())).isFine;
}

/**
 * Compiles the files that are newer than what was made of them, and checks the types of these alone, not of what uses them:
 * nothing else is read but what they import. The next whole compilation does the rest.
 * @returns whether they have no errors
 */
export function compileChanged() {
  const { rootNames, options } = configuration();
  const changed = rootNames.filter((path) => isOwn(path) && isNewer(path));
  removeOrphans('dist');
  if (changed.length === 0) return true;
  const program = ts.createProgram(changed, { ...options, incremental: false, tsBuildInfoFile: undefined });
  const files = changed.map((name) => program.getSourceFile(name));
  const errors = files.flatMap((file) => errorsIn(program, file));
  if (errors.length > 0) report(errors);
  else for (const file of files) program.emit(file, undefined, undefined, false, transformers(program));
  return errors.length === 0;
}

const isOwn = (path) => !path.endsWith('.d.ts') && !path.includes('/node_modules/');

/** Whether a source is newer than what was made of it. */
function isNewer(source) {
  const compiled = join('dist', relative('.', source)).replace(/\.ts$/, '.js');
  return !existsSync(compiled) || statSync(source).mtimeMs > statSync(compiled).mtimeMs;
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
