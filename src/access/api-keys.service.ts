/** The API keys that are valid now: those of the settings, and those of a file that is read again when it changes. */
import { timingSafeEqual } from 'node:crypto';
import { readFileSync, type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { type ApiKey, hashOf, hasExpired, parseApiKey } from './api-key.js';

/** How often the file is looked at. Looking, unlike listening, also sees a mounted secret that is swapped by a link. */
const WATCH_INTERVAL_MS = 1_000;

@Injectable()
export class ApiKeys implements OnModuleInit, OnApplicationShutdown {
  /** Whether a key is needed: a file without keys refuses everyone. */
  readonly required: boolean;
  /** Why the last change of the file was not taken over; undefined when all is well. */
  problem?: string;

  private readonly logger = new Logger('ApiKeys');
  private readonly file?: string;
  private readonly fixed: readonly ApiKey[];
  private keys: readonly ApiKey[];
  private readonly reread: StatsListener = () => this.reload();

  /** @throws AppError `invalid_configuration` naming the entry or line that cannot be read, never its text */
  constructor(config: Config) {
    this.file = config.apiKeysFile;
    this.required = config.apiKeys.length > 0 || this.file !== undefined;
    this.fixed = parseAll(config.apiKeys, (index) => `entry ${index + 1} of API_KEYS`);
    this.keys = this.read();
  }

  /** Says who may come in, and starts watching the file. */
  onModuleInit(): void {
    if (!this.required) {
      this.logger.warn(
        'No API key is set: whoever reaches the port may use the API (API_KEYS, API_KEYS_FILE).',
      );
      return;
    }
    this.logger.log(this.summary());
    if (this.file !== undefined)
      watchFile(this.file, { interval: WATCH_INTERVAL_MS, persistent: false }, this.reread);
  }

  onApplicationShutdown(): void {
    if (this.file !== undefined) unwatchFile(this.file, this.reread);
  }

  /** The stored key that `given` is, expired or not. All are compared, each in constant time. */
  find(given: string): ApiKey | undefined {
    const hash = hashOf(given);
    const matches = this.keys.filter((key) => timingSafeEqual(key.hash, hash));
    return matches.find((key) => !hasExpired(key)) ?? matches[0];
  }

  /** Takes over the file's present content; one that cannot be read leaves the keys as they were. */
  private reload(): void {
    try {
      this.keys = this.read();
      this.problem = undefined;
      this.logger.log(`Read again. ${this.summary()}`);
    } catch (error) {
      this.problem = messageOf(error);
      this.logger.error(`The keys stay as they were: ${this.problem}`);
    }
  }

  private read(): ApiKey[] {
    if (this.file === undefined) return [...this.fixed];
    return [...this.fixed, ...parseAll(linesOf(this.file), (index) => `line ${index + 1} of API_KEYS_FILE`)];
  }

  private summary(): string {
    const names = this.keys.map((key) => {
      if (hasExpired(key)) return `${key.name} (expired ${key.expires})`;
      return key.expires === undefined ? key.name : `${key.name} (until ${key.expires})`;
    });
    return names.length === 0
      ? 'There is no API key: every request is refused.'
      : `API keys: ${names.join(', ')}.`;
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (cause) {
    const message = `API_KEYS_FILE cannot be read (${messageOf(cause)}).`;
    throw new AppError('invalid_configuration', message, {}, { cause });
  }
}

/** Blank texts and `#` comments are no keys. */
function parseAll(texts: readonly string[], place: (index: number) => string): ApiKey[] {
  return texts.flatMap((raw, index) => {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) return [];
    const key = parseApiKey(text);
    if (key !== undefined) return [key];
    throw new AppError(
      'invalid_configuration',
      `Invalid configuration: ${place(index)} is not name:sha256 or name:sha256:YYYY-MM-DD; \`npm run api-key -- --name NAME\` prints such a line.`,
    );
  });
}
