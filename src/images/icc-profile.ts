/** Tells the sRGB colour profile from others, so that pictures already in sRGB skip a needless conversion. Layout: ICC.1:2022, 7.2 to 10. */
import { asBuffer } from './file-bytes.js';

/** Identifier of the APP2 segment, then "part 1 of 1". */
const MARKER = Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1');
/** Profiles are in the first segments; a camera's EXIF block with its thumbnail may come before. */
const SEARCH_BYTES = 128 * 1024;
const HEADER_BYTES = 128;
const TAG_BYTES = 12;

/**
 * Whether a JPEG has an ICC profile whose own description says sRGB. Converting from such a profile to sRGB changes pixels by
 * rounding only, yet takes longer than decoding the picture.
 */
export function hasSrgbProfile(jpeg: Uint8Array): boolean {
  const head = asBuffer(jpeg).subarray(0, SEARCH_BYTES);
  const marker = head.indexOf(MARKER);
  if (marker === -1) return false;
  try {
    return /^sRGB( IEC61966-2[.-]1| built-in)?$/.test(descriptionOf(head.subarray(marker + MARKER.length)));
  } catch {
    return false; // An offset points outside the profile: leave it to libvips.
  }
}

/** The profile's own description; empty if it has none. @throws RangeError for offsets that point outside the profile */
function descriptionOf(profile: Buffer): string {
  const tags = Math.min(profile.readUInt32BE(HEADER_BYTES), 64);
  for (let index = 0; index < tags; index++) {
    const entry = HEADER_BYTES + 4 + index * TAG_BYTES;
    if (profile.toString('latin1', entry, entry + 4) === 'desc')
      return textOf(profile.subarray(profile.readUInt32BE(entry + 4)));
  }
  return '';
}

/** ICC version 2 writes a `desc` tag in ASCII, version 4 an `mluc` tag in UTF-16, whose first record is enough. */
function textOf(tag: Buffer): string {
  const type = tag.toString('latin1', 0, 4);
  if (type === 'desc') return tag.toString('latin1', 12, 12 + tag.readUInt32BE(8)).replace(/\0+$/, '');
  if (type !== 'mluc') return '';
  const length = tag.readUInt32BE(20);
  const start = tag.readUInt32BE(24);
  return Buffer.from(tag.subarray(start, start + length))
    .swap16()
    .toString('utf16le')
    .replace(/\0+$/, '');
}
