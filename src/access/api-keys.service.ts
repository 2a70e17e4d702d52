/** The API keys that are valid now: those of the settings, and those of a file that is read again when it changes. */
import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { type ApiKey, hashOf, hasExpired, parseApiKey } from './api-key.js';

/** How often the file is read. Reading, unlike listening, also sees a mounted secret that is swapped by a link. */
const READ_INTERVAL_MS = 1_000;

@Injectable()
export class ApiKeys implements OnModuleInit, OnApplicationShutdown {
  /** Whether a key is needed: a file without keys refuses everyone. */
  readonly required: boolean;
  /** Why the present content of the file was not taken over; undefined when all is well. */
  problem?: string;

  private readonly logger = new Logger('ApiKeys');
  private readonly file?: string;
  private readonly fixed: readonly ApiKey[];
  private keys: readonly ApiKey[];
  /** The content of the file that was last looked at. */
  private text = '';
  private timer?: NodeJS.Timeout;

  /** @throws AppError `invalid_configuration` naming the entry or line that cannot be read, never its text */
  constructor(config: Config) {
    this.file = config.apiKeysFile;
    this.required = config.apiKeys.length > 0 || this.file !== undefined;
    this.fixed = parseAll(config.apiKeys, (index) => `entry ${index + 1} of API_KEYS`);
    this.keys = this.fixed;
    if (this.file === undefined) return;
    try {
      this.text = readFileSync(this.file, 'utf8');
    } catch (cause) {
      throw unreadable(cause);
    }
    this.keys = this.parse();
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
    if (this.file !== undefined) this.watch(this.file);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** The stored key that `given` is, expired or not. All are compared, each in constant time. */
  find(given: string): ApiKey | undefined {
    const hash = hashOf(given);
    const matches = this.keys.filter((key) => timingSafeEqual(key.hash, hash));
    return matches.find((key) => !hasExpired(key)) ?? matches[0];
  }

  private watch(file: string): void {
    let reading = false;
    this.timer = setInterval(() => {
      if (reading) return;
      reading = true;
      void readFile(file, 'utf8')
        .then(
          (text) => this.take(text),
          (error: unknown) => this.keep(unreadable(error)),
        )
        .finally(() => (reading = false));
    }, READ_INTERVAL_MS).unref();
  }

  /** Takes over what the file now says, unless it cannot be understood. */
  private take(text: string): void {
    if (text === this.text && this.problem === undefined) return;
    this.text = text;
    try {
      this.keys = this.parse();
      this.problem = undefined;
      this.logger.log(`API_KEYS_FILE has changed. ${this.summary()}`);
    } catch (error) {
      this.keep(error);
    }
  }

  /** The keys stay as they were; the log says so once. */
  private keep(error: unknown): void {
    const problem = messageOf(error);
    if (problem !== this.problem) this.logger.error(`The API keys stay as they were: ${problem}`);
    this.problem = problem;
  }

  private parse(): ApiKey[] {
    const inFile = parseAll(this.text.split('\n'), (index) => `line ${index + 1} of API_KEYS_FILE`);
    return [...this.fixed, ...inFile];
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

function unreadable(cause: unknown): AppError {
  const message = `Invalid configuration: API_KEYS_FILE cannot be read (${messageOf(cause)}).`;
  return new AppError('invalid_configuration', message, {}, { cause });
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
