/** The text of `.env.example`: every setting with what it does and its default. `npm run docs` writes it. */
import { Config } from '../src/config/config.js';
import { type SettingDescription, settingsOf } from '../src/config/setting.js';

/** Variables whose default depends on the machine. */
const OF_THE_MACHINE = ['INFERENCE_MAX_WORKERS', 'MAX_BYTES_IN_FLIGHT', 'DECODER_PROCESSES'];

/** Renders all settings, commented out, with their defaults. */
export function envExample(): string {
  const entries = settingsOf(Config).map(
    (setting) => `# ${setting.effect}\n# ${setting.variable}=${defaultOf(setting)}\n`,
  );
  return `# Copy this file to .env and uncomment what you change. Environment variables take precedence over the file.\n\n${entries.join('\n')}`;
}

/** The default as it would be written into an environment; empty if there is none. */
export function defaultOf({ variable, property }: SettingDescription): string {
  if (OF_THE_MACHINE.includes(variable)) return '';
  const value: unknown = new Config()[property as keyof Config];
  return ([value] as unknown[]).flat().join(',');
}
