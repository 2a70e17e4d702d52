/** Who may call the service, and how often. */
import { Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.service.js';
import { RateLimiter } from './rate-limiter.service.js';

@Module({ providers: [ApiKeys, RateLimiter], exports: [ApiKeys, RateLimiter] })
export class AccessModule {}
