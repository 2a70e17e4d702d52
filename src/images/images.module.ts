/** Everything between a request and its pixels: sources, address policy and decoders. */
import { Module } from '@nestjs/common';
import { AddressPolicy } from './address-policy.js';
import { DecoderPool } from './decoder-pool.service.js';
import { ImageDecoder } from './image-decoder.js';
import { ImageLoader } from './image-loader.service.js';
import { DownloadSlots } from './sources/download-slots.js';
import { HttpSource } from './sources/http.source.js';
import { S3Source } from './sources/s3.source.js';

@Module({
  providers: [AddressPolicy, DownloadSlots, HttpSource, S3Source, DecoderPool, ImageDecoder, ImageLoader],
  exports: [ImageLoader, ImageDecoder, DecoderPool],
})
export class ImagesModule {}
