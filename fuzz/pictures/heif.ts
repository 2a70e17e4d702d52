/** AVIFs built box by box (ISO/IEC 14496-12 and 23008-12): false grids and overlays, loops, floods, deep nesting. */
import type { Random } from '../../bench/simulate/random.js';
import { bytes, chance, edge, integer, pick } from '../core/draw.js';
import type { Idea } from '../core/suite.js';
import type { CraftedPicture } from './crafted.js';
import { loopingExif } from './exif.js';
import { flat, type Seed } from './seeds.js';

/** Encodes big-endian numbers of the given width in bytes. */
function numbers(size: 1 | 2 | 4, ...values: readonly number[]): Buffer {
  const made = Buffer.alloc(size * values.length);
  for (const [at, value] of values.entries()) made.writeUIntBE(value % 2 ** (8 * size), at * size, size);
  return made;
}

/** A box. @param length a false length instead of the true one */
function box(type: string, parts: readonly Buffer[], length?: number): Buffer {
  const data = Buffer.concat(parts);
  return Buffer.concat([numbers(4, length ?? data.length + 8), Buffer.from(type, 'latin1'), data]);
}

/** A box with a version and flags. */
function full(type: string, version: number, ...parts: readonly Buffer[]): Buffer {
  return box(type, [numbers(1, version, 0, 0, 0), ...parts]);
}

/** An item of the file: its data, the items it is derived from, and the indexes of its properties in `ipco`, from 1. */
interface Item {
  readonly id: number;
  readonly type: string;
  readonly data?: Buffer;
  readonly references?: readonly { readonly type: string; readonly to: readonly number[] }[];
  readonly properties?: readonly number[];
  /** Number of extents, each of which is the whole data. */
  readonly extents?: number;
}

/** The items and properties of a file. */
interface Content {
  readonly items: readonly Item[];
  readonly properties: readonly Buffer[];
  readonly primary?: number;
  /** Boxes at the end of `meta`. */
  readonly more?: readonly Buffer[];
}

const FTYP = box('ftyp', [Buffer.from('avif\0\0\0\0avifmif1miaf', 'latin1')]);

function avif({ items, properties, primary = 1, more = [] }: Content): Buffer {
  const withData = items.filter(({ data }) => data !== undefined);
  const media = box(
    'mdat',
    withData.map(({ data = Buffer.alloc(0) }) => data),
  );
  let offset = FTYP.length + 8;
  const locations = withData.map(({ id, data = Buffer.alloc(0), extents = 1 }) => {
    const extent = numbers(4, offset, data.length);
    offset += data.length;
    return Buffer.concat([numbers(2, id, 0, extents), ...Array.from({ length: extents }, () => extent)]);
  });
  const references = items.flatMap(({ id, references: list = [] }) =>
    list.map(({ type, to }) => box(type, [numbers(2, id, to.length), numbers(2, ...to)])),
  );
  const associated = items.filter(({ properties: list = [] }) => list.length > 0);
  const associations = associated.map(({ id, properties: list = [] }) =>
    Buffer.concat([numbers(2, id), numbers(1, list.length), numbers(1, ...list)]),
  );
  const meta = full(
    'meta',
    0,
    full('hdlr', 0, numbers(4, 0), Buffer.from('pict'), Buffer.alloc(13)),
    full('pitm', 0, numbers(2, primary)),
    full('iloc', 0, numbers(1, 0x44, 0), numbers(2, withData.length), ...locations),
    full('iinf', 0, numbers(2, items.length), ...items.map(infoOf)),
    box('iprp', [box('ipco', properties), full('ipma', 0, numbers(4, associated.length), ...associations)]),
    ...(references.length > 0 ? [full('iref', 0, ...references)] : []),
    ...more,
  );
  return Buffer.concat([FTYP, media, meta]);
}

function infoOf({ id, type }: Item): Buffer {
  const mime = type === 'mime' ? Buffer.from('application/rdf+xml\0deflate\0', 'latin1') : Buffer.alloc(0);
  return full('infe', 2, numbers(2, id, 0), Buffer.from(type, 'latin1'), Buffer.alloc(1), mime);
}

const size = (width: number, height: number): Buffer => full('ispe', 0, numbers(4, width, height));
const grid = (rows: number, columns: number, width: number, height: number): Buffer =>
  Buffer.concat([numbers(1, 0, 1, rows - 1, columns - 1), numbers(4, width, height)]);
const overlay = (width: number, height: number, count: number): Buffer =>
  Buffer.concat([
    numbers(1, 0, 1),
    numbers(2, 0, 0, 0, 0),
    numbers(4, width, height),
    Buffer.alloc(8 * count),
  ]);

/** A coded picture: its AV1 data, and the property that configures its decoder. */
interface Coded {
  readonly data: Buffer;
  readonly configuration: Buffer;
}

/** Extracts the only coded picture of a valid file. */
function codedOf(valid: Buffer): Coded {
  const media = valid.indexOf('mdat', 0, 'latin1');
  const configuration = valid.indexOf('av1C', 0, 'latin1') - 4;
  const cut = (at: number): Buffer => valid.subarray(at, at + valid.readUInt32BE(at));
  return { data: cut(media - 4).subarray(8), configuration: cut(configuration) };
}

const range = (count: number, from: number): number[] => Array.from({ length: count }, (_, at) => from + at);

/** A derived picture of many tiles, with an announced size. */
function derived(
  kind: 'grid' | 'iovl',
  tile: Coded,
  rows: number,
  columns: number,
  said: readonly [number, number],
  shared: boolean,
): Buffer {
  const count = rows * columns;
  const tiles = shared ? [2] : range(count, 2);
  const to = range(count, 2).map((id) => (shared ? 2 : id));
  const data = kind === 'grid' ? grid(rows, columns, ...said) : overlay(...said, count);
  return avif({
    items: [
      { id: 1, type: kind, data, references: [{ type: 'dimg', to }], properties: [1] },
      ...tiles.map((id) => ({ id, type: 'av01', data: tile.data, properties: [2, 3] })),
    ],
    properties: [size(...said), size(64, 64), tile.configuration],
  });
}

/** Nested boxes. */
function nested(depth: number, type: string): Buffer {
  const made = Buffer.alloc(depth * 8);
  for (let level = 0; level < depth; level++) {
    made.writeUInt32BE((depth - level) * 8, level * 8);
    made.write(type, level * 8 + 4, 'latin1');
  }
  return made;
}

/** Ideas for AVIFs. @param seeds must include AVIFs */
export function heifIdeas(seeds: readonly Seed[]): Idea<CraftedPicture>[] {
  const small = codedOf(seeds.find(({ name }) => name === 'avif')?.bytes ?? Buffer.alloc(0));
  const large = async (): Promise<Coded> => codedOf(await flat('avif', 6_000, 4_000));
  const one = (random: Random, content: Partial<Content> = {}): Buffer => {
    const said = pick(random, [1, 64, 160, 40_000]);
    return avif({
      items: [{ id: 1, type: 'av01', data: small.data, properties: [1, 2] }],
      properties: [size(said, said), small.configuration],
      ...content,
    });
  };
  return [
    ...(['grid', 'iovl'] as const).flatMap((kind) => [
      {
        title: `avif ${kind} of large tiles that says it is small`,
        weight: 0.4,
        make: async (random: Random) => ({
          bytes: derived(kind, await large(), 3, 4, [64, 64], chance(random, 0.5)),
          together: 4,
          leaveAfterMs: 1_500,
        }),
      },
      {
        title: `avif ${kind} of very many tiles`,
        make: (random: Random) => {
          const [rows, columns] =
            kind === 'grid'
              ? pick(random, [
                  [256, 255],
                  [255, 1],
                ])
              : [1, pick(random, [500, 60_000])];
          const said = [pick(random, [64, 6_000, 65_535]), pick(random, [64, 600])] as const;
          return { bytes: derived(kind, small, rows, columns, said, chance(random, 0.8)), together: 2 };
        },
      },
    ]),
    {
      title: 'avif with a false size',
      weight: 0.4,
      make: async (random) => {
        const coded = await large();
        const said = pick(random, [1, 64, 16_383, 100_000]);
        return {
          bytes: avif({
            items: [{ id: 1, type: 'av01', data: coded.data, properties: [1, 2] }],
            properties: [size(said, said), coded.configuration],
          }),
          together: 4,
        };
      },
    },
    {
      title: 'avif of 36 megapixels of 12 bits',
      weight: 0.3,
      make: async () => ({ bytes: await flat('avif', 6_000, 6_000, 12), together: 4 }),
    },
    {
      title: 'avif derived from itself',
      make: (random) => {
        const type = pick(random, ['grid', 'iovl', 'iden']);
        const data = type === 'iden' ? undefined : type === 'grid' ? grid(1, 2, 64, 64) : overlay(64, 64, 2);
        const to = type === 'iden' ? [1] : [1, 1];
        const references = [{ type: 'dimg', to }];
        return {
          bytes: avif({
            items: [{ id: 1, type, data, references, properties: [1] }],
            properties: [size(64, 64)],
          }),
        };
      },
    },
    {
      title: 'avif derived many times over',
      make: (random) => {
        const depth = pick(random, [2, 8, 200, 5_000]);
        const wide = depth <= 8 ? 16 : 1;
        const items = range(depth, 1).map((id) => ({
          id,
          type: wide === 1 ? 'iden' : 'grid',
          data: wide === 1 ? undefined : grid(4, 4, 64, 64),
          references: [{ type: 'dimg', to: Array.from({ length: wide }, () => id + 1) }],
          properties: [1],
        }));
        const last = { id: depth + 1, type: 'av01', data: small.data, properties: [1, 2] };
        return {
          bytes: avif({ items: [...items, last], properties: [size(64, 64), small.configuration] }),
          together: 2,
        };
      },
    },
    {
      title: 'avif of very many extents',
      make: (random) => {
        const extents = pick(random, [2, 1_000, 65_535]);
        return {
          bytes: one(random, {
            items: [{ id: 1, type: 'av01', data: small.data, properties: [1, 2], extents }],
          }),
          together: 2,
        };
      },
    },
    {
      title: 'avif of very many items',
      make: (random) => {
        const type = pick(random, ['av01', 'Exif', 'mime', 'grid', 'hvc1', 'uri ']);
        const others = range(pick(random, [1_000, 60_000]), 2).map((id) => ({
          id,
          type,
          data: numbers(1, 0),
        }));
        return {
          bytes: one(random, {
            items: [{ id: 1, type: 'av01', data: small.data, properties: [1, 2] }, ...others],
          }),
        };
      },
    },
    {
      title: 'avif with properties turned, cropped and mirrored',
      weight: 2,
      make: (random) => {
        const any = (): Buffer =>
          pick(random, [
            box('irot', [numbers(1, integer(random, 0, 255))]),
            box('imir', [numbers(1, integer(random, 0, 255))]),
            box('clap', [numbers(4, ...range(8, 0).map(() => edge(random, 32)))]),
            box('pasp', [numbers(4, edge(random, 32), edge(random, 32))]),
            full('pixi', 0, numbers(1, integer(random, 0, 255), 8, 12, 16)),
            box('colr', [Buffer.from('nclx'), bytes(random, 7)]),
            box('colr', [Buffer.from('prof'), bytes(random, integer(random, 0, 900))]),
            full('auxC', 0, Buffer.from('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0')),
            full('ispe', 0, numbers(4, edge(random, 32), edge(random, 32))),
            box('a1lx', [bytes(random, 13)]),
          ]);
        const properties = [
          size(160, 120),
          small.configuration,
          ...Array.from({ length: integer(random, 1, 9) }, any),
        ];
        const items = [{ id: 1, type: 'av01', data: small.data, properties: range(properties.length, 1) }];
        return { bytes: one(random, { items, properties }) };
      },
    },
    {
      title: 'avif with an alpha plane, depth map or thumbnail that is large',
      weight: 0.4,
      make: async (random) => {
        const coded = await large();
        const type = pick(random, ['auxl', 'thmb', 'cdsc', 'prem']);
        const alpha = full('auxC', 0, Buffer.from('urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0'));
        return {
          bytes: avif({
            items: [
              { id: 1, type: 'av01', data: small.data, properties: [1, 2] },
              {
                id: 2,
                type: 'av01',
                data: coded.data,
                references: [{ type, to: [1] }],
                properties: [1, 3, 4],
              },
            ],
            properties: [size(160, 120), small.configuration, coded.configuration, alpha],
          }),
          together: 4,
        };
      },
    },
    {
      title: 'avif with EXIF, XMP or ICC that is large or goes in circles',
      make: (random) => {
        const data = pick(random, [
          Buffer.concat([numbers(4, edge(random, 32)), loopingExif(random)]),
          Buffer.alloc(9_000_000),
        ]);
        const meta = {
          id: 2,
          type: pick(random, ['Exif', 'mime']),
          data,
          references: [{ type: 'cdsc', to: [1] }],
        };
        return {
          bytes: one(random, {
            items: [{ id: 1, type: 'av01', data: small.data, properties: [1, 2] }, meta],
          }),
        };
      },
    },
    {
      title: 'avif with deep boxes',
      make: (random) => {
        const deep = nested(
          pick(random, [100, 20_000, 1_000_000]),
          pick(random, ['meta', 'ipco', 'iprp', 'dinf', 'moov', 'free']),
        );
        return { bytes: chance(random, 0.5) ? one(random, { more: [deep] }) : Buffer.concat([FTYP, deep]) };
      },
    },
    {
      title: 'avif with a flood of boxes',
      make: (random) => {
        const flood = Buffer.concat(
          Array.from({ length: pick(random, [1_000, 300_000]) }, () =>
            box(pick(random, ['free', 'ispe', 'infe', 'uuid', 'irot']), []),
          ),
        );
        return {
          bytes: chance(random, 0.5)
            ? one(random, { properties: [size(64, 64), small.configuration, flood] })
            : one(random, { more: [flood] }),
        };
      },
    },
    {
      title: 'avif with a false box length',
      weight: 2,
      make: (random) => {
        const valid = one(random);
        const types = [
          'ftyp',
          'mdat',
          'meta',
          'iloc',
          'iinf',
          'infe',
          'iprp',
          'ipco',
          'ipma',
          'av1C',
          'ispe',
          'pitm',
          'hdlr',
        ];
        const at = valid.indexOf(pick(random, types), 0, 'latin1');
        valid.writeUInt32BE(pick(random, [0, 1, 7, 8, 9, edge(random, 32)]), Math.max(0, at - 4));
        return { bytes: valid };
      },
    },
    {
      title: 'avif of an image sequence',
      make: (random) => {
        const sequence = box('ftyp', [Buffer.from('avis\0\0\0\0avisavifmsf1', 'latin1')]);
        const moov = box('moov', [
          full('mvhd', 0, bytes(random, 96)),
          box('trak', [
            full('tkhd', 0, bytes(random, 80)),
            box('mdia', [full('stsz', 0, numbers(4, 0, 0xffffffff))]),
          ]),
        ]);
        return { bytes: Buffer.concat([sequence, one(random).subarray(FTYP.length), moov]) };
      },
    },
  ];
}
