/** How many pixels a decoder has to produce for a HEIF container (AVIF), whatever size it announces. Layout: ISO/IEC 23008-12. */
import { asBuffer } from './file-bytes.js';

/** A box and its bytes without the header. */
interface Box {
  readonly type: string;
  readonly body: Buffer;
}

/** What the container says about its pictures. The keys of the maps are item ids. */
interface Items {
  readonly primary: number;
  readonly types: ReadonlyMap<number, string>;
  /** Area of each item in pixels. */
  readonly areas: ReadonlyMap<number, number>;
  /** The pictures that a derived picture is made of, in order and with repetitions. */
  readonly parts: ReadonlyMap<number, readonly number[]>;
  /** The pictures that accompany another one, such as its transparency. */
  readonly auxiliaries: ReadonlyMap<number, readonly number[]>;
}

const DERIVED = ['grid', 'iovl', 'iden'];
/** More boxes and nested pictures than any encoder writes. */
const MAX_BOXES = 20_000;
const MAX_METAS = 4;
const MAX_VISITS = 10_000;
const MAX_DEPTH = 8;

/**
 * The pixels of all pictures that have to be decoded for the primary one: tiles of a grid, layers of an overlay and
 * transparency, each counted as often as it is used. Undefined if the container cannot be parsed; Infinity if its pictures
 * are made of unreasonably many others.
 */
export function heifPixels(bytes: Uint8Array): number | undefined {
  const file = asBuffer(bytes);
  try {
    const metas = boxesOf(file, { left: MAX_BOXES }).filter(({ type }) => type === 'meta');
    if (metas.length === 0) return undefined;
    // There should be one. If there are more, any of them may be the one that the decoder uses.
    return Math.max(...metas.slice(0, MAX_METAS).map(({ body }) => decodedPixels(itemsOf(body.subarray(4)))));
  } catch {
    return undefined; // A length or offset points outside the file: leave it to a decoder.
  }
}

function decodedPixels({ primary, types, areas, parts, auxiliaries }: Items): number {
  let visits = 0;
  const count = (id: number, depth: number): number => {
    if (++visits > MAX_VISITS || depth > MAX_DEPTH) return Infinity;
    const own = areas.get(id) ?? 0;
    if (!DERIVED.includes(types.get(id) ?? '')) return own;
    const made = parts.get(id) ?? [];
    let sum = 0;
    for (const part of made) {
      sum += count(part, depth + 1);
      if (sum === Infinity) break;
    }
    return Math.max(own, sum);
  };
  return [primary, ...(auxiliaries.get(primary) ?? [])].reduce((sum, id) => sum + count(id, 0), 0);
}

function itemsOf(meta: Buffer): Items {
  const budget = { left: MAX_BOXES };
  const boxes = new Map(boxesOf(meta, budget).map(({ type, body }) => [type, body]));
  const pitm = boxes.get('pitm');
  const primary = pitm === undefined ? 0 : pitm[0] === 0 ? pitm.readUInt16BE(4) : pitm.readUInt32BE(4);
  const properties = boxesOf(boxes.get('iprp') ?? EMPTY, budget);
  const bodyOf = (type: string): Buffer => properties.find((box) => box.type === type)?.body ?? EMPTY;
  const sizes = boxesOf(bodyOf('ipco'), budget).map(({ type, body }) =>
    type === 'ispe' ? body.readUInt32BE(4) * body.readUInt32BE(8) : undefined,
  );
  return {
    primary,
    types: typesOf(boxes.get('iinf') ?? EMPTY, budget),
    areas: areasOf(bodyOf('ipma'), sizes),
    ...referencesOf(boxes.get('iref') ?? EMPTY, budget),
  };
}

const EMPTY = Buffer.alloc(0);

/** @throws RangeError for a box shorter than its header, and for too many boxes */
function boxesOf(data: Buffer, budget: { left: number }): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= data.length;) {
    if (--budget.left < 0) throw new RangeError('too many boxes');
    const short = data.readUInt32BE(at);
    const header = short === 1 ? 16 : 8;
    const length =
      short === 1 ? Number(data.readBigUInt64BE(at + 8)) : short === 0 ? data.length - at : short;
    if (length < header) throw new RangeError('a box shorter than its header');
    boxes.push({
      type: data.toString('latin1', at + 4, at + 8),
      body: data.subarray(at + header, at + length),
    });
    at += length;
  }
  return boxes;
}

function typesOf(iinf: Buffer, budget: { left: number }): Map<number, string> {
  if (iinf.length === 0) return new Map();
  const entries = boxesOf(iinf.subarray(iinf[0] === 0 ? 6 : 8), budget);
  return new Map(
    entries
      .filter(({ type, body }) => type === 'infe' && body[0] >= 2)
      .map(({ body }) =>
        body[0] === 2
          ? [body.readUInt16BE(4), body.toString('latin1', 8, 12)]
          : [body.readUInt32BE(4), body.toString('latin1', 10, 14)],
      ),
  );
}

/** The area of each item, from the property that holds its size. */
function areasOf(ipma: Buffer, sizes: readonly (number | undefined)[]): Map<number, number> {
  const areas = new Map<number, number>();
  if (ipma.length === 0) return areas;
  const [idBytes, isWide] = [ipma[0] === 0 ? 2 : 4, (ipma[3] & 1) !== 0];
  let at = 8;
  for (let left = ipma.readUInt32BE(4); left > 0; left--) {
    const id = ipma.readUIntBE(at, idBytes);
    const count = ipma.readUInt8(at + idBytes);
    at += idBytes + 1;
    for (let index = 0; index < count; index++, at += isWide ? 2 : 1) {
      // The highest bit says whether the property is essential.
      const property = isWide ? ipma.readUInt16BE(at) & 0x7fff : ipma.readUInt8(at) & 0x7f;
      const area = sizes[property - 1];
      if (area !== undefined) areas.set(id, Math.max(area, areas.get(id) ?? 0));
    }
  }
  return areas;
}

function referencesOf(iref: Buffer, budget: { left: number }): Pick<Items, 'parts' | 'auxiliaries'> {
  const parts = new Map<number, number[]>();
  const auxiliaries = new Map<number, number[]>();
  if (iref.length === 0) return { parts, auxiliaries };
  const idBytes = iref[0] === 0 ? 2 : 4;
  for (const { type, body } of boxesOf(iref.subarray(4), budget)) {
    const from = body.readUIntBE(0, idBytes);
    const count = body.readUInt16BE(idBytes);
    for (let index = 0; index < count; index++) {
      const to = body.readUIntBE(idBytes + 2 + index * idBytes, idBytes);
      if (type === 'dimg') append(parts, from, to);
      if (type === 'auxl') append(auxiliaries, to, from);
    }
  }
  return { parts, auxiliaries };
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
