/** Counts the requests of each caller per time window: in this process, or in a Redis that replicas share. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Config } from '../config/config.js';
import { messageOf } from '../errors.js';

/** A caller's allowance after a request has been counted. */
export interface Allowance {
  readonly allowed: boolean;
  /** Requests per time window. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
}

/** How long a request and the start of the service may wait for Redis. */
const REDIS_REQUEST_TIMEOUT_MS = 1_000;
const REDIS_START_TIMEOUT_MS = 2_000;
/** After a failure, Redis is not used for this long, so that not every request waits for it. */
const REDIS_PAUSE_MS = 5_000;

type Limiter = RateLimiterMemory | RateLimiterRedis;
type Redis = Awaited<ReturnType<typeof redisClient>>;

@Injectable()
export class RateLimiter implements OnModuleInit, OnApplicationShutdown {
  readonly enabled: boolean;

  private readonly logger = new Logger('RateLimiter');
  private readonly local: RateLimiterMemory;
  private shared?: RateLimiterRedis;
  private redis?: Redis;
  private away?: string;
  private pausedUntil = -Infinity;

  constructor(private readonly config: Config) {
    this.enabled = config.rateLimitRequests > 0;
    this.local = new RateLimiterMemory(this.window);
  }

  private get window() {
    const { rateLimitRequests: points, rateLimitWindowSeconds: duration } = this.config;
    return { points, duration, keyPrefix: 'face-analysis:rate' };
  }

  /** Where requests are counted now, and the problem with Redis if there is one. */
  get state(): { readonly counted: 'here' | 'in Redis'; readonly problem?: string } {
    const counted = this.shared === undefined || this.away !== undefined ? 'here' : 'in Redis';
    return { counted, problem: this.away };
  }

  /** Joins the shared count. An unavailable Redis does not delay the start. */
  async onModuleInit(): Promise<void> {
    const { rateLimitRedisUrl } = this.config;
    if (!this.enabled || rateLimitRedisUrl === undefined) return;
    this.redis = await redisClient(rateLimitRedisUrl);
    this.shared = new RateLimiterRedis({ ...this.window, storeClient: this.redis, useRedisPackage: true });
    this.redis.on('error', (error) => this.lose(messageOf(error)));
    this.redis.on('ready', () => this.regain());
    // The client reconnects until it is closed. Closing it meanwhile rejects this promise, which is no news.
    this.redis.connect().catch(() => undefined);
    await once(this.redis, 'ready', { signal: AbortSignal.timeout(REDIS_START_TIMEOUT_MS) }).catch((error) =>
      this.lose(messageOf(error)),
    );
  }

  onApplicationShutdown(): void {
    if (this.redis?.isOpen === true) this.redis.destroy();
  }

  /** Counts one request of `caller`. It never fails: without Redis, each replica counts on its own. */
  async count(caller: string): Promise<Allowance> {
    if (this.shared !== undefined && performance.now() >= this.pausedUntil) {
      try {
        const allowance = await Promise.race([
          consume(this.shared, caller),
          sleep(REDIS_REQUEST_TIMEOUT_MS, undefined, { ref: false }),
        ]);
        if (allowance === undefined) throw new Error(`no answer within ${REDIS_REQUEST_TIMEOUT_MS} ms`);
        this.regain();
        return allowance;
      } catch (error) {
        this.lose(messageOf(error));
      }
    }
    return consume(this.local, caller);
  }

  private lose(reason: string): void {
    this.pausedUntil = performance.now() + REDIS_PAUSE_MS;
    if (this.away === undefined)
      this.logger.error(
        `Redis is unavailable (${reason}): until it is back, each replica counts requests on its own.`,
      );
    this.away = reason;
  }

  private regain(): void {
    if (this.away !== undefined)
      this.logger.log('Redis is available again: replicas count requests together.');
    this.away = undefined;
    this.pausedUntil = -Infinity;
  }
}

async function consume(limiter: Limiter, caller: string): Promise<Allowance> {
  const result = await limiter.consume(caller).catch((refusal: unknown) => {
    if (refusal instanceof RateLimiterRes) return refusal;
    throw refusal;
  });
  return {
    allowed: result.consumedPoints <= limiter.points,
    limit: limiter.points,
    remaining: result.remainingPoints,
    resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1_000)),
  };
}

/**
 * Without a connection, commands fail at once instead of waiting for one. The client has hundreds of files, so it is imported
 * only if it is needed.
 */
async function redisClient(url: string) {
  const { createClient } = await import('@redis/client');
  return createClient({
    url,
    disableOfflineQueue: true,
    socket: {
      connectTimeout: REDIS_START_TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 2_000),
    },
  });
}
