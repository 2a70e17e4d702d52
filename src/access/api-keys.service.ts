/** The current API keys: those from the settings, and those from a file that is read again when it changes. */
import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { AppError, messageOf } from '../errors.js';
import { type ApiKey, hashOf, hasExpired, parseApiKey } from './api-key.js';

/** How often the file is read. Unlike watching, reading also notices a mounted secret that is replaced through a symbolic link. */
const READ_INTERVAL_MS = 1_000;

@Injectable()
export class ApiKeys implements OnModuleInit, OnApplicationShutdown {
  /** Whether a key is required. A file without keys means that every request is refused. */
  readonly required: boolean;
  /** Why the current content of the file is not used; undefined if it is. */
  problem?: string;

  private readonly logger = new Logger('ApiKeys');
  private readonly file?: string;
  /** The keys from the settings. */
  private readonly fixed: readonly ApiKey[];
  private keys: readonly ApiKey[];
  /** The content of the file when it was last read. */
  private text = '';
  private timer?: NodeJS.Timeout;

  /** @throws AppError `invalid_configuration` naming the position of an invalid entry or line, but never its text */
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

  /** Logs which keys are valid, and starts watching the file. */
  onModuleInit(): void {
    if (!this.required) {
      this.logger.warn(
        'No API key is set: anyone who can reach the port may use the API. Set API_KEYS or API_KEYS_FILE to require keys.',
      );
      return;
    }
    this.logger.log(this.summary());
    if (this.file !== undefined) this.watch(this.file);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** The stored key that matches `given`, expired or not. All keys are compared, each in constant time. */
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
          (text) => this.update(text),
          (error: unknown) => this.reject(unreadable(error)),
        )
        .finally(() => (reading = false));
    }, READ_INTERVAL_MS).unref();
  }

  /** Uses the new content of the file, unless it is invalid. */
  private update(text: string): void {
    if (text === this.text && this.problem === undefined) return;
    this.text = text;
    try {
      this.keys = this.parse();
      this.problem = undefined;
      this.logger.log(`API_KEYS_FILE has changed. ${this.summary()}`);
    } catch (error) {
      this.reject(error);
    }
  }

  /** Keeps the present keys, and logs the reason once. */
  private reject(error: unknown): void {
    const problem = messageOf(error);
    if (problem !== this.problem) this.logger.error(`The API keys stay unchanged: ${problem}`);
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
      ? 'There are no API keys: every request is refused.'
      : `API keys: ${names.join(', ')}.`;
  }
}

function unreadable(cause: unknown): AppError {
  const message = `Invalid configuration: API_KEYS_FILE cannot be read (${messageOf(cause)}).`;
  return new AppError('invalid_configuration', message, {}, { cause });
}

/** Parses all keys, except blank texts and `#` comments. */
function parseAll(texts: readonly string[], position: (index: number) => string): ApiKey[] {
  return texts.flatMap((raw, index) => {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) return [];
    const key = parseApiKey(text);
    if (key !== undefined) return [key];
    throw new AppError(
      'invalid_configuration',
      `Invalid configuration: ${position(index)} must be name:sha256 or name:sha256:YYYY-MM-DD; \`npm run api-key -- --name NAME\` prints such a line.`,
    );
  });
}
