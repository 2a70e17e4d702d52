/** Provides the configured model pack. */
import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { loadPack } from './load-pack.js';
import { Pack } from './pack.js';

@Global()
@Module({
  providers: [{ provide: Pack, useFactory: loadPack, inject: [Config] }],
  exports: [Pack],
})
export class PacksModule {}
