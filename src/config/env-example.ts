/** The text of `.env.example`: every setting with what it does and its default. `npm run env-example` writes it. */
import { Config } from './config.js';
import { settingsOf } from './setting.js';

/** Variables whose default depends on the machine. */
const OF_THE_MACHINE = ['INFERENCE_MAX_WORKERS', 'MAX_BYTES_IN_FLIGHT'];

/** Renders all settings, each commented out at its default. */
export function envExample(): string {
  const defaults = new Config();
  const entries = settingsOf(Config).map(({ variable, effect, property }) => {
    const value: unknown = defaults[property as keyof Config];
    const shown = OF_THE_MACHINE.includes(variable) ? '' : ([value] as unknown[]).flat().join(',');
    return `# ${effect}\n# ${variable}=${shown}\n`;
  });
  return `# Copy to .env and uncomment what you change; variables of the environment win over the file.\n\n${entries.join('\n')}`;
}
