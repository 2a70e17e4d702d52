/**
 * Compares the memory that a decoder really uses with what was admitted for it, for all kinds of pictures:
 * `node dist/bench/decoder-memory.js [name]` (Linux). Each picture is decoded once, in a process that has decoded only tiny ones
 * before. Figures are bytes per decoded pixel. What is held beyond, in MB, is the overhead of allocator and libraries.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';
import { Config } from '../src/config/config.js';
import { DecoderPool } from '../src/images/decoder-pool.service.js';
import { ImageDecoder } from '../src/images/image-decoder.js';

const WIDTH = 4000;
const HEIGHT = 3000;
const RGB = 3;
const background = '#48c';
const picture = (): Sharp =>
  sharp({
    create: {
      width: WIDTH,
      height: HEIGHT,
      channels: RGB,
      background,
      noise: { type: 'gaussian', mean: 128, sigma: 6 },
    },
  }).blur(3);
const deep = (): Sharp => picture().toColourspace('rgb16');
const lying = { orientation: 6 };
const whole = { chromaSubsampling: '4:4:4' } as const;
const quick = { compressionLevel: 1 };

const KINDS: Record<string, () => Sharp> = {
  JPEG: () => picture().jpeg(),
  'JPEG, turned': () => picture().withMetadata(lying).jpeg(),
  'JPEG, CMYK': () => picture().toColourspace('cmyk').jpeg(),
  'progressive JPEG': () => picture().jpeg({ progressive: true }),
  'progressive JPEG, whole colours': () => picture().jpeg({ progressive: true, ...whole }),
  PNG: () => picture().png(quick),
  'PNG, transparent, turned': () => picture().ensureAlpha(0.5).withMetadata(lying).png(quick),
  'PNG, interlaced': () => picture().png({ ...quick, progressive: true }),
  'PNG, 16 bits, transparent, turned': () => deep().ensureAlpha(0.5).withMetadata(lying).png(quick),
  'PNG, 16 bits, transparent, interlaced': () =>
    deep()
      .ensureAlpha(0.5)
      .png({ ...quick, progressive: true }),
  WebP: () => picture().webp({ effort: 0 }),
  'WebP, transparent': () => picture().ensureAlpha(0.5).webp({ effort: 0 }),
  'WebP, lossless, transparent': () => picture().ensureAlpha(0.5).webp({ lossless: true, effort: 0 }),
  GIF: () => picture().gif({ effort: 1, dither: 0 }),
  TIFF: () => picture().tiff({ compression: 'lzw' }),
  'TIFF, one tile, 16 bits': () =>
    deep().tiff({ tile: true, tileWidth: 4096, tileHeight: 3072, compression: 'deflate' }),
  'TIFF, 16 bits, transparent, turned': () =>
    deep().ensureAlpha(0.5).withMetadata(lying).tiff({ compression: 'none' }),
  'TIFF, floats': () => picture().toColourspace('scrgb').tiff({ compression: 'none' }),
  AVIF: () => picture().avif({ effort: 0 }),
  'AVIF, whole colours': () => picture().avif({ effort: 0, ...whole }),
  'AVIF, transparent': () => picture().ensureAlpha(0.5).avif({ effort: 0 }),
  'AVIF, 12 bits': () => deep().avif({ effort: 0, bitdepth: 12, ...whole }),
  'AVIF, 12 bits, transparent': () =>
    deep()
      .ensureAlpha(0.5)
      .avif({ effort: 0, bitdepth: 12, ...whole }),
};

const MEASURE = '--measure';
const [first, name] = process.argv.slice(2);
if (first === MEASURE) await measure(name, Buffer.from(readFileSync(0)));
else {
  for (const [kind, make] of Object.entries(KINDS)) {
    if (first !== undefined && kind !== first) continue;
    const input = await make().toBuffer();
    const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), MEASURE, kind], {
      input,
      encoding: 'utf8',
    });
    process.stdout.write(stdout + stderr);
  }
}

async function measure(kind: string, bytes: Buffer): Promise<void> {
  const config = new Config();
  const pool = new DecoderPool(config);
  const decoder = new ImageDecoder(config, pool);
  const { signal } = new AbortController();
  const tiny = sharp({ create: { width: 8, height: 8, channels: RGB, background } });
  for (const format of ['gif', 'jpeg'] as const)
    await decoder.decode(await tiny.clone().toFormat(format).toBuffer(), 'image', signal);
  const plan = await decoder.plan(bytes, 'image');
  const isHere = plan.survey.isBounded;
  const turn = await pool.turn('image', signal);
  const pid = isHere ? process.pid : (await turn.process()).pid;
  const before = memoryOf(pid, 'VmRSS');
  await decoder.start(plan, isHere ? undefined : turn, signal);
  const grown = memoryOf(pid, 'VmHWM') - before;
  // The shared copy of the pixels is in this process.
  const held = grown + (isHere ? 0 : WIDTH * HEIGHT * RGB);
  const perPixel = (amount: number): string => (amount / (WIDTH * HEIGHT)).toFixed(1).padStart(5);
  const beyond = ((held - plan.memoryBytes) / 1e6).toFixed(0).padStart(4);
  console.log(
    `${kind.padEnd(40)} ${isHere ? 'here ' : 'apart'} admitted ${perPixel(plan.memoryBytes)}, held ${perPixel(held)}, beyond ${beyond} MB`,
  );
  await pool.onApplicationShutdown();
}

/** A memory figure of a process in bytes, from /proc. */
function memoryOf(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}
