/** The text of `.env.example`: every setting with what it does and its default. `npm run env-example` writes it. */
import { Config } from './config.js';
import { settingsOf } from './setting.js';

/** Renders all settings, each commented out at its default. */
export function envExample(): string {
  const defaults = new Config();
  const entries = settingsOf(Config).map(({ variable, effect, property }) => {
    const value: unknown = defaults[property as keyof Config];
    // The default of INFERENCE_MAX_WORKERS depends on the machine.
    const shown = variable === 'INFERENCE_MAX_WORKERS' ? '' : ([value] as unknown[]).flat().join(',');
    return `# ${effect}\n# ${variable}=${shown}\n`;
  });
  return `# Copy to .env and uncomment what you change; variables of the environment win over the file.\n\n${entries.join('\n')}`;
}
