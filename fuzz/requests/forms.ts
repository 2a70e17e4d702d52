/** Multipart forms (RFC 7578): too many parts, nested names, parts without a name, missing boundaries. */
import { bytes, integer, pick } from '../core/draw.js';
import { COMPARE, DETECT, postPieces } from '../core/http-text.js';
import type { Idea } from '../core/suite.js';
import type { CraftedRequest } from './request-case.js';

type Piece = Parameters<typeof postPieces>[2][number];

/** One part. @param disposition what follows `form-data` */
function part(disposition: string, body: string, more = ''): string {
  return `--b\r\nContent-Disposition: form-data${disposition}\r\n${more}\r\n${body}\r\n`;
}

const END: Piece = { text: '--b--\r\n' };

function form(
  list: readonly Piece[],
  more: Partial<CraftedRequest> = {},
  boundary = 'b',
  target = DETECT,
): CraftedRequest {
  return {
    steps: postPieces(target, `multipart/form-data; boundary=${boundary}`, list),
    bystander: true,
    ...more,
  };
}

export const FORM_IDEAS: readonly Idea<CraftedRequest>[] = [
  {
    title: 'form: very many parts',
    make: (random) => {
      const one = pick(random, [
        part('; name="a"', ''),
        part('; name="image"; filename="x"', 'x'),
        part('; name="fields"', 'yaw'),
        '--b\r\n\r\n\r\n',
      ]);
      return form([{ text: one, times: pick(random, [17, 1_000, 300_000]) }, END]);
    },
  },
  {
    title: 'form: nested names',
    weight: 2,
    make: (random) => {
      const name = pick(random, [
        `fields${'[0]'.repeat(pick(random, [2, 99, 5_000]))}`,
        `a${'[a]'.repeat(2_000)}`,
        'fields[]',
        '__proto__[x]',
        '__proto__',
        'constructor[prototype][x]',
        'fields[1000000000]',
        'a[',
        '[',
        'fields[length]',
        'toString',
      ]);
      return form([
        { text: part(`; name="${name}"`, 'x'), times: pick(random, [1, 10]) },
        { text: part('; name="image"; filename="x"', 'x') },
        END,
      ]);
    },
  },
  {
    title: 'form: conflicting names',
    make: (random) => {
      const names = pick(random, [
        ['a', 'a[b]'],
        ['a[b]', 'a'],
        ['a[0]', 'a[b]'],
        ['a[]', 'a[b][c]'],
        ['fields', 'fields[x]'],
        ['fields[0]', 'fields[0][0]'],
      ]);
      return form([...names.map((name) => ({ text: part(`; name="${name}"`, 'x') })), END]);
    },
  },
  {
    title: 'form: a part without name or file name',
    weight: 2,
    make: (random) => {
      const disposition = pick(random, [
        '',
        '; name=""',
        '; filename="x"',
        '; name="image"',
        '; name="image"; filename=""',
        "; name=image; filename*=UTF-8''%ff",
        '; name="image"; filename="../../etc/passwd"',
        '; name="\0"',
        `; name="${'n'.repeat(5_000)}"`,
        '; name="image"; name="other"',
        ';',
        '; name',
      ]);
      return form([{ text: part(disposition, 'x') }, END], {}, 'b', pick(random, [DETECT, COMPARE]));
    },
  },
  {
    title: 'form: no end',
    make: (random) => {
      const text = part(
        '; name="image"; filename="x"',
        bytes(random, integer(random, 0, 3_000)).toString('latin1'),
      );
      return form([{ text: text.slice(0, integer(random, 0, text.length)) }]);
    },
  },
  {
    title: 'form: odd boundaries',
    weight: 2,
    make: (random) => {
      const boundary = pick(random, [
        '',
        'x'.repeat(10_000),
        '"',
        '"b',
        '"b"',
        'b; boundary=c',
        ' ',
        '\\',
        '-',
        '-'.repeat(70),
        'b;charset=utf-8',
        "'b'",
      ]);
      return form([{ text: part('; name="image"; filename="x"', 'x') }, END], {}, boundary);
    },
  },
  {
    title: 'form: no boundary',
    make: () => ({
      steps: postPieces(DETECT, 'multipart/form-data', [{ text: part('; name="image"', 'x') }, END]),
    }),
  },
  {
    title: 'form: many near-boundaries',
    make: (random) => {
      const almost = pick(random, ['\r\n--', '\r\n-', '\r\n', '--', '\r\r\n--', '\n--b', '\r\n--b-']);
      return form(
        [
          { text: '--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n' },
          { text: almost, times: integer(random, 1, 2_000_000) },
          { text: '\r\n' },
          END,
        ],
        {},
        'bb',
      );
    },
  },
  {
    title: 'form: headers of a part without end',
    make: (random) => {
      const line = pick(random, [
        'X-A: b\r\n',
        'X',
        ' \r\n',
        'Content-Disposition: form-data; name="image"\r\n',
        `X-${'a'.repeat(500)}: b\r\n`,
      ]);
      return form([
        { text: '--b\r\n' },
        { text: line, times: pick(random, [100, 5_000, 500_000]) },
        { text: '\r\n\r\nx\r\n' },
        END,
      ]);
    },
  },
  {
    title: 'form: a field of megabytes',
    make: (random) =>
      form([
        {
          text: `--b\r\nContent-Disposition: form-data; name="${pick(random, ['fields', 'image_base64', 'max_faces', 'other'])}"\r\n\r\n`,
        },
        { text: pick(random, ['a', ',', 'yaw,']), times: integer(random, 1, 12_000_000) },
        { text: '\r\n' },
        END,
      ]),
  },
  {
    title: 'form: odd types and encodings of a part',
    make: (random) => {
      const more = pick(random, [
        'Content-Type: \r\n',
        'Content-Type: text/html; charset=utf-7\r\n',
        'Content-Transfer-Encoding: base64\r\n',
        'Content-Transfer-Encoding: quoted-printable\r\n',
        'Content-Type: multipart/mixed; boundary=b\r\n',
        'Content-Length: 99999999999\r\n',
        'Content-Encoding: gzip\r\n',
        ': x\r\n',
        'x\r\n',
      ]);
      return form([{ text: part('; name="image"; filename="x"', 'x', more) }, END]);
    },
  },
  {
    title: 'form: other multipart types',
    make: (random) => {
      const type = pick(random, [
        'multipart/mixed; boundary=b',
        'multipart/related; boundary=b',
        'application/x-www-form-urlencoded',
        'multipart/',
        'MULTIPART/FORM-DATA; BOUNDARY=b',
        'multipart/form-data;boundary="b";x=y',
      ]);
      return { steps: postPieces(DETECT, type, [{ text: part('; name="image"; filename="x"', 'x') }, END]) };
    },
  },
  {
    title: 'form: a query as a body',
    make: (random) => ({
      steps: postPieces(DETECT, 'application/x-www-form-urlencoded', [
        { text: pick(random, ['a=b&', 'a[b]=c&', 'a[][]=', '&', '=']), times: integer(random, 1, 1_000_000) },
      ]),
    }),
  },
];
