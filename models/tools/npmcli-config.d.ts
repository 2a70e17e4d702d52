/** The part of @npmcli/config that we use; the package ships no types. */
declare module '@npmcli/config' {
  interface Options {
    readonly definitions: object;
    readonly shorthands: object;
    readonly flatten: object;
    /** Folder of npm itself, for the npmrc it may ship. */
    readonly npmPath: string;
    /** As `process.argv`. */
    readonly argv?: readonly string[];
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    /** Whether unknown keys are warned of. */
    readonly warn?: boolean;
  }
  export default class Config {
    constructor(options: Options);
    load(): Promise<void>;
    /** Whether nobody has set `key`. */
    isDefault(key: string): boolean;
    /** All settings under the names pacote and npm-registry-fetch take. */
    readonly flat: Readonly<Record<string, unknown>>;
  }
}

declare module '@npmcli/config/lib/definitions/index.js' {
  const npm: { readonly definitions: object; readonly shorthands: object; readonly flatten: object };
  export default npm;
}
