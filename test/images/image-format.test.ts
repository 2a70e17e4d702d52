/** Files are recognised by their first bytes. */
import { sniffFormat } from '../../src/images/image-format.js';

const ftyp = (major: string, ...compatible: string[]): string =>
  `\0\0\0${String.fromCharCode(16 + 4 * compatible.length)}ftyp${major}\0\0\0\0${compatible.join('')}\0\0\0\x08meta`;

const cases: readonly [string, string | undefined, string | undefined][] = [
  ['\xff\xd8\xff\xe0\0\x10JFIF', 'a JPEG', 'decodable'],
  ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'a PNG', 'decodable'],
  ['RIFF\x24\0\0\0WEBPVP8 ', 'a WebP', 'decodable'],
  ['GIF87a', 'a GIF', 'decodable'],
  ['GIF89a', 'a GIF', 'decodable'],
  ['II*\0\x08\0\0\0', 'a TIFF', 'decodable'],
  ['MM\0*\0\0\0\x08', 'a TIFF', 'decodable'],
  ['II+\0\x08\0\0\0', 'a BigTIFF', 'decodable'],
  [ftyp('avif', 'mif1', 'miaf'), 'an AVIF', 'decodable'],
  [ftyp('mif1', 'miaf', 'avif'), 'an AVIF', 'decodable'],
  [ftyp('heic', 'mif1'), 'a HEIC/HEIF', 'unsupported'],
  [ftyp('mif1', 'heic'), 'a HEIC/HEIF', 'unsupported'],
  [ftyp('isom', 'mp42'), 'a video', 'unsupported'],
  ['BM\x36\0\0\0', 'a BMP', 'unsupported'],
  ['%PDF-1.7\n', 'a PDF', 'unsupported'],
  ['\0\0\x01\0\x01\0', 'an ICO', 'unsupported'],
  ['8BPS\0\x01', 'a Photoshop document', 'unsupported'],
  ['\xff\x0a\xfa\x1f', 'a JPEG XL', 'unsupported'],
  ['<svg xmlns="http://www.w3.org/2000/svg">', 'an SVG', 'unsupported'],
  ['\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg>', 'an SVG', 'unsupported'],
  ['\n<!DOCTYPE html><html>', 'an HTML page', 'no_image'],
  ['<html><head>', 'an HTML page', 'no_image'],
  ['<?xml version="1.0"?><Error>', 'an XML document', 'no_image'],
  ['{"error":"not found"}', 'a JSON document', 'no_image'],
  ['hello', undefined, undefined],
  ['\xff\xd8', undefined, undefined],
  ['', undefined, undefined],
];

test.each(cases)('%j is %s', (head, name, support) => {
  expect(sniffFormat(Buffer.from(head, 'latin1'))).toEqual(
    name === undefined ? undefined : expect.objectContaining({ name, support }),
  );
});

test('respects the bounds of a view', () => {
  const bytes = Buffer.from('..GIF89a', 'latin1');
  expect(sniffFormat(new Uint8Array(bytes).subarray(2))?.name).toBe('a GIF');
  expect(sniffFormat(new Uint8Array(bytes))).toBeUndefined();
});
