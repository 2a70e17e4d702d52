/** The text of `.env.example`: every setting with what it does and its default. `npm run docs` writes it. */
import { Config } from '../src/config/config.js';
import { type SettingDescription, settingsOf } from '../src/config/setting.js';

/** Variables whose default depends on the machine. */
const OF_THE_MACHINE = ['INFERENCE_MAX_WORKERS', 'MAX_BYTES_IN_FLIGHT', 'DECODER_PROCESSES'];

/** Renders all settings, each commented out at its default. */
export function envExample(): string {
  const entries = settingsOf(Config).map(
    (setting) => `# ${setting.effect}\n# ${setting.variable}=${defaultOf(setting)}\n`,
  );
  return `# Copy to .env and uncomment what you change; variables of the environment win over the file.\n\n${entries.join('\n')}`;
}

/** The default as one writes it into an environment; empty where there is none to write. */
export function defaultOf({ variable, property }: SettingDescription): string {
  if (OF_THE_MACHINE.includes(variable)) return '';
  const value: unknown = new Config()[property as keyof Config];
  return ([value] as unknown[]).flat().join(',');
}
