/** Configurations for tests. */
import { Config } from '../../src/config/config.js';

/** The default configuration with some settings changed. */
export function configWith(settings: Partial<Config> = {}): Config {
  return Object.assign(new Config(), settings);
}
