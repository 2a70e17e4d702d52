/** Tells a TIFF that is a picture from one that only holds a preview, as raw files do. Layout: TIFF 6.0, BigTIFF, DNG 1.7. */
import { asBuffer, type IntegerReader, tiffIntegers } from './file-bytes.js';

/** A directory, reduced to the tags that matter here. */
interface Directory {
  readonly isRaw: boolean;
  readonly isDng: boolean;
  readonly isPreview: boolean;
  readonly next: number;
  /** Offsets of the subdirectories. */
  readonly below: readonly number[];
}

const TAGS = {
  newSubfileType: 254,
  subfileType: 255,
  compression: 259,
  photometric: 262,
  subDirectories: 330,
  dngVersion: 50706,
};
/** Photometric interpretations of sensor data: colour filter array, and linear raw. */
const SENSOR_DATA = [32803, 34892];
/** Compressions of camera makers (Sony, Nikon, Pentax, Samsung), and of lossy DNG. */
const RAW_COMPRESSIONS = [32767, 34713, 65535, 32770, 34892];
const REDUCED_SIZE = 1;
const OLD_REDUCED_SIZE = 2;
/** Bytes of a value by its type; 0: a type that is not read here. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const MAX_DIRECTORIES = 32;
const MAX_ENTRIES = 1000;

/** What a TIFF is if its first page is not the picture, with its article for use in a sentence; undefined otherwise. */
export function tiffStandIn(bytes: Uint8Array): string | undefined {
  try {
    return judge(directoriesOf(tiffIntegers(asBuffer(bytes))));
  } catch {
    return undefined; // An offset points outside the file: leave it to a decoder.
  }
}

function judge(directories: readonly Directory[]): string | undefined {
  if (directories.some(({ isDng }) => isDng)) return 'a DNG raw file';
  if (directories.some(({ isRaw }) => isRaw)) return 'a camera raw file';
  return directories.at(0)?.isPreview === true ? 'a TIFF whose first page is a preview' : undefined;
}

/** The first directory, those that follow it and their subdirectories, each once. */
function directoriesOf(read: IntegerReader): Directory[] {
  const isBig = read(2, 2) === 43;
  const directories: Directory[] = [];
  const seen = new Set<number>();
  const waiting = [isBig ? read(8, 8) : read(4, 4)];
  while (waiting.length > 0 && directories.length < MAX_DIRECTORIES) {
    const at = waiting.shift() ?? 0;
    if (at === 0 || seen.has(at)) continue;
    seen.add(at);
    try {
      const directory = directoryAt(at, read, isBig);
      directories.push(directory);
      waiting.push(...directory.below, directory.next);
    } catch {
      // It points outside the file; the others may be valid.
    }
  }
  return directories;
}

function directoryAt(at: number, read: IntegerReader, isBig: boolean): Directory {
  const [countBytes, offsetBytes, entryBytes] = isBig ? [8, 8, 20] : [2, 4, 12];
  const entries = Math.min(read(at, countBytes), MAX_ENTRIES);
  const valuesOf = new Map<number, number[]>();
  for (let index = 0; index < entries; index++) {
    const entry = at + countBytes + index * entryBytes;
    const tag = read(entry, 2);
    if (!Object.values(TAGS).includes(tag)) continue;
    const bytes = TYPE_BYTES[read(entry + 2, 2)] ?? 0;
    const count = Math.min(read(entry + 4, offsetBytes), MAX_DIRECTORIES);
    const inline = entry + 4 + offsetBytes;
    const from = bytes * count <= offsetBytes ? inline : read(inline, offsetBytes);
    valuesOf.set(
      tag,
      bytes === 0 ? [] : Array.from({ length: count }, (_, i) => read(from + i * bytes, bytes)),
    );
  }
  const value = (tag: number): number => valuesOf.get(tag)?.[0] ?? 0;
  return {
    isDng: valuesOf.has(TAGS.dngVersion),
    isRaw:
      SENSOR_DATA.includes(value(TAGS.photometric)) || RAW_COMPRESSIONS.includes(value(TAGS.compression)),
    isPreview:
      (value(TAGS.newSubfileType) & REDUCED_SIZE) !== 0 || value(TAGS.subfileType) === OLD_REDUCED_SIZE,
    next: read(at + countBytes + entries * entryBytes, offsetBytes),
    below: valuesOf.get(TAGS.subDirectories) ?? [],
  };
}
