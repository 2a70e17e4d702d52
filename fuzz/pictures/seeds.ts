/** Valid pictures of every format and of most of its variants, made from a photograph. Mutators start from them. */
import sharp, { type Sharp } from 'sharp';
import { face } from '../../bench/pictures.js';

/** A valid picture. */
export interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
}

/** All seeds. They are small enough to be tried by the thousands. */
export async function makeSeeds(): Promise<Seed[]> {
  const photo = await face(160, 120);
  const base = (): Sharp => sharp(photo);
  const frames = sharp(
    await Promise.all([0, 90, 180].map((angle) => base().resize(48, 48).rotate(angle).png().toBuffer())),
    { join: { animated: true } },
  );
  const animated = await frames.gif().toBuffer();
  const variants: readonly (readonly [string, Sharp])[] = [
    ['jpeg', base().jpeg()],
    ['jpeg progressive', base().jpeg({ progressive: true })],
    ['jpeg grey', base().greyscale().jpeg()],
    ['jpeg CMYK', base().toColourspace('cmyk').jpeg()],
    [
      'jpeg 4:4:4 with EXIF and ICC',
      base().withMetadata({ orientation: 6 }).jpeg({ chromaSubsampling: '4:4:4' }),
    ],
    ['png', base().png()],
    ['png palette', base().png({ palette: true, colours: 16 })],
    ['png interlaced', base().png({ progressive: true })],
    ['png 16 bits', base().toColourspace('rgb16').png()],
    ['png alpha', base().ensureAlpha(0.5).withMetadata().png()],
    ['webp', base().webp()],
    ['webp lossless', base().webp({ lossless: true })],
    ['webp alpha with EXIF', base().ensureAlpha(0.5).withMetadata({ orientation: 3 }).webp()],
    ['webp animated', sharp(animated, { animated: true }).webp()],
    ['gif', base().gif()],
    ['gif animated', sharp(animated, { animated: true }).gif()],
    ['tiff', base().tiff({ compression: 'none' })],
    ...(['lzw', 'deflate', 'jpeg', 'packbits', 'ccittfax4'] as const).map(
      (compression) =>
        [
          `tiff ${compression}`,
          compression === 'ccittfax4'
            ? base().toColourspace('b-w').tiff({ compression, bitdepth: 1 })
            : base().tiff({ compression }),
        ] as const,
    ),
    ['tiff tiled', base().tiff({ tile: true, tileWidth: 64, tileHeight: 64, compression: 'deflate' })],
    ['tiff pyramid', base().tiff({ tile: true, pyramid: true, compression: 'lzw' })],
    ['tiff 16 bits', base().toColourspace('rgb16').tiff({ compression: 'lzw', predictor: 'horizontal' })],
    ['tiff float', base().toColourspace('scrgb').tiff({ predictor: 'none' })],
    ['avif', base().avif({ effort: 0 })],
    ['avif lossless', base().avif({ effort: 0, lossless: true })],
    ['avif alpha with EXIF', base().ensureAlpha(0.5).withMetadata({ orientation: 8 }).avif({ effort: 0 })],
    ['avif 10 bits', base().avif({ effort: 0, bitdepth: 10 })],
    ['avif 12 bits', base().avif({ effort: 0, bitdepth: 12 })],
  ];
  const seeds: Seed[] = [];
  for (const [name, made] of variants) seeds.push({ name, bytes: await made.toBuffer() });
  return seeds;
}

const large = new Map<string, Promise<Buffer>>();

/** A large picture of one colour, made once. */
export function flat(
  format: 'jpeg' | 'webp' | 'avif' | 'gif',
  width: number,
  height: number,
  bitdepth: 8 | 12 = 8,
): Promise<Buffer> {
  const key = [format, width, height, bitdepth].join();
  const made =
    large.get(key) ??
    sharp({ create: { width, height, channels: 3, background: '#777' } })
      .toFormat(format, {
        ...(format === 'avif' ? { effort: 0, bitdepth } : {}),
        ...(format === 'jpeg' ? { progressive: true } : {}),
      })
      .toBuffer();
  large.set(key, made);
  return made;
}
