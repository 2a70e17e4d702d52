/** Recognises the format of a file by its first bytes. File names and content types are ignored, as they are often wrong. */
import { asBuffer } from './file-bytes.js';

/** A file format. `support` is `decodable`, `unsupported` (an image, but not one this service decodes) or `no_image`. */
export interface FileFormat {
  /** With its article, for use in a sentence: "a PNG", "an HTML page". */
  readonly name: string;
  readonly support: 'decodable' | 'unsupported' | 'no_image';
}

/** A byte pattern at a fixed offset. One character is one byte. */
interface Signature extends FileFormat {
  readonly magic: string;
  readonly offset?: number;
}

const SIGNATURES: readonly Signature[] = [
  { magic: '\xff\xd8\xff', name: 'a JPEG', support: 'decodable' },
  { magic: '\x89PNG\r\n\x1a\n', name: 'a PNG', support: 'decodable' },
  { magic: 'WEBP', offset: 8, name: 'a WebP', support: 'decodable' },
  { magic: 'GIF87a', name: 'a GIF', support: 'decodable' },
  { magic: 'GIF89a', name: 'a GIF', support: 'decodable' },
  { magic: 'CR\x02\0', offset: 8, name: 'a camera raw file (CR2)', support: 'unsupported' },
  { magic: 'IIRO', name: 'a camera raw file (ORF)', support: 'unsupported' },
  { magic: 'IIRS', name: 'a camera raw file (ORF)', support: 'unsupported' },
  { magic: 'MMOR', name: 'a camera raw file (ORF)', support: 'unsupported' },
  { magic: 'IIU\0', name: 'a camera raw file (RW2)', support: 'unsupported' },
  { magic: 'HEAPCCDR', offset: 6, name: 'a camera raw file (CRW)', support: 'unsupported' },
  { magic: 'FUJIFILMCCD-RAW', name: 'a camera raw file (RAF)', support: 'unsupported' },
  { magic: '\0MRM', name: 'a camera raw file (MRW)', support: 'unsupported' },
  { magic: 'FOVb', name: 'a camera raw file (X3F)', support: 'unsupported' },
  { magic: 'II*\0', name: 'a TIFF', support: 'decodable' },
  { magic: 'MM\0*', name: 'a TIFF', support: 'decodable' },
  { magic: 'II+\0', name: 'a BigTIFF', support: 'decodable' },
  { magic: 'MM\0+', name: 'a BigTIFF', support: 'decodable' },
  { magic: 'BM', name: 'a BMP', support: 'unsupported' },
  { magic: '%PDF-', name: 'a PDF', support: 'unsupported' },
  { magic: '\0\0\x01\0', name: 'an ICO', support: 'unsupported' },
  { magic: '\0\0\x02\0', name: 'a cursor (CUR)', support: 'unsupported' },
  { magic: 'icns', name: 'an icon (ICNS)', support: 'unsupported' },
  { magic: '\x8aMNG\r\n\x1a\n', name: 'an MNG', support: 'unsupported' },
  { magic: '\x8bJNG\r\n\x1a\n', name: 'a JNG', support: 'unsupported' },
  { magic: 'II\xbc\x01', name: 'a JPEG XR', support: 'unsupported' },
  { magic: 'v/1\x01', name: 'an OpenEXR', support: 'unsupported' },
  { magic: '#?RADIANCE', name: 'a Radiance HDR', support: 'unsupported' },
  { magic: 'qoif', name: 'a QOI', support: 'unsupported' },
  { magic: 'DDS ', name: 'a DDS texture', support: 'unsupported' },
  { magic: '8BPS', name: 'a Photoshop document', support: 'unsupported' },
  { magic: '\xff\x0a', name: 'a JPEG XL', support: 'unsupported' },
  { magic: '\0\0\0\x0cJXL \r\n\x87\n', name: 'a JPEG XL', support: 'unsupported' },
  { magic: '\0\0\0\x0cjP  \r\n\x87\n', name: 'a JPEG 2000', support: 'unsupported' },
  { magic: '\xff\x4f\xff\x51', name: 'a JPEG 2000', support: 'unsupported' },
  { magic: '%!PS', name: 'a PostScript document', support: 'unsupported' },
];

/** Brands of the ISO base media `ftyp` box that mean HEIF with a codec other than AV1. */
const HEIF_BRAND = /^(hei[cxms]|hev[cxms]|mif1|msf1)$/;
/** Enough to hold every signature, an `ftyp` box, and the prologue before an `<svg>` element. */
const HEAD_BYTES = 1024;

/** The format of a file; undefined if its first bytes match none that is known. */
export function sniffFormat(bytes: Uint8Array): FileFormat | undefined {
  const head = asBuffer(bytes).toString('latin1', 0, HEAD_BYTES);
  return (
    SIGNATURES.find(({ magic, offset }) => head.startsWith(magic, offset)) ??
    sniffMedia(head) ??
    sniffMarkup(head)
  );
}

/** Whether the bytes are a picture of any format, decodable or not. */
export function isPicture(bytes: Uint8Array): boolean {
  const support = sniffFormat(bytes)?.support;
  return support === 'decodable' || support === 'unsupported';
}

/** AVIF, HEIF and videos share one container. The brands in its first box tell them apart. */
function sniffMedia(head: string): FileFormat | undefined {
  if (!head.startsWith('ftyp', 4)) return undefined;
  const boxBytes = Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE();
  // major brand, four bytes of version, then the compatible brands
  const brands: string[] = (head.slice(8, 12) + head.slice(16, boxBytes)).match(/[^]{4}/g) ?? [];
  if (brands.includes('avif') || brands.includes('avis')) return { name: 'an AVIF', support: 'decodable' };
  if (brands.some((brand) => HEIF_BRAND.test(brand))) return { name: 'a HEIC/HEIF', support: 'unsupported' };
  if (brands.includes('crx ')) return { name: 'a camera raw file (CR3)', support: 'unsupported' };
  return { name: 'a video', support: 'unsupported' };
}

/** A wrong image URL usually leads to an HTML error page. Naming it saves the caller a guess. */
function sniffMarkup(head: string): FileFormat | undefined {
  const text = head
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  if (text.startsWith('<svg')) return { name: 'an SVG', support: 'unsupported' };
  if (/^<(\?xml|!--|!doctype)/.test(text) && text.includes('<svg'))
    return { name: 'an SVG', support: 'unsupported' };
  if (/^<(!doctype html|html|head|body|!--)/.test(text)) return { name: 'an HTML page', support: 'no_image' };
  if (text.startsWith('<?xml')) return { name: 'an XML document', support: 'no_image' };
  if (/^[{[]\s*(["\]}{[]|$)/.test(text)) return { name: 'a JSON document', support: 'no_image' };
  return undefined;
}
