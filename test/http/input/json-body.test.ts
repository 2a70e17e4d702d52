/** The structure of a JSON body is limited while it arrives, wherever it is cut into pieces; otherwise it is read as by JSON.parse. */
import { JsonBody } from '../../../src/http/input/json-body.js';
import { AppError } from '../../../src/errors.js';

const MAX_TEXT = 200_000;

/** Reads a text in pieces of the given size. */
function read(text: string | Buffer, pieceBytes = Infinity): unknown {
  const bytes = Buffer.from(text as string);
  const body = new JsonBody(MAX_TEXT);
  for (let at = 0; at < bytes.byteLength; at += pieceBytes)
    body.write(bytes.subarray(at, Math.min(at + pieceBytes, bytes.byteLength)));
  return body.end();
}

function refusalOf(text: string): AppError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('It was read.');
}

const LONG = 'QUJD'.repeat(30_000);

test.each([
  ['an object', '{"a":1,"b":[true,null,-1.5e3],"c":{"d":"e"}}'],
  ['white space everywhere', ' \n{ "a" :\t[ 1 ,\r\n 2 ] } \n\n'],
  ['escapes', '{"a":"\\"\\\\\\"","\\u0061b":"\\\\","c":"x\\/y\\u00e9\\ud83d\\ude00"}'],
  ['brackets and commas inside of texts', '{"a":"[{,:","b":"]}"}'],
  ['other alphabets', '{"größe":"漢字","b":"é"}'],
  ['a byte order mark', '\uFEFF{"a":1}'],
  ['a scalar', '"text"'],
  ['fields of the prototype', '{"__proto__":{"a":1},"constructor":2,"a":"x"}'],
  ['a long text', `{"a":"${LONG}","b":["${LONG}x","c"]}`],
  ['a long text with escapes', `{"a":"${LONG}\\/\\"${LONG.slice(4000)}"}`.replace(LONG, LONG.slice(50_000))],
])('%s is read as JSON.parse reads it, in one piece or many', (_, text) => {
  const expected: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  for (const pieceBytes of [Infinity, 7, 4096, ...(text.length < 1000 ? [1, 2, 3] : [])])
    expect(read(text, pieceBytes)).toStrictEqual(expected);
  expect(({} as Record<string, unknown>).a).toBeUndefined();
});

test('an empty body has no value', () => {
  expect(read('')).toBeUndefined();
});

test.each([
  '{',
  '{"a"',
  '{"a":"b',
  '[1,]',
  '{"a":1}}',
  '{"a":1}{',
  'nul',
  '{"a":01}',
  '{"a":"\\x"}',
  `{"a":"${LONG}\\x"}`,
])('invalid JSON is refused: %.12s', (text) => {
  expect(refusalOf(text)).toMatchObject({ code: 'malformed_body' });
});

test.each([
  ['an array of bytes as an object', `{"image_base64":{${'"1":2,'.repeat(9_000)}"2":3}}`, 'image_base64'],
  ['an array of bytes', `{"image_base64":[${'1,'.repeat(9_000)}1]}`, 'image_base64'],
  [
    'the same in a batch',
    `{"requests":[{},{"image_base64":[${'1,'.repeat(9_000)}1]}]}`,
    'requests.1.image_base64',
  ],
  ['many lists', `{"fields":[${'[],'.repeat(9_000)}[]]}`, 'fields'],
  ['many texts with nothing between them', `{"fields":[${'"a"'.repeat(9_000)}]}`, 'fields'],
  ['many objects', `{"fields":[${'{},'.repeat(9_000)}{}]}`, 'fields'],
  ['depth', `{"a":${'['.repeat(1_500)}${']'.repeat(1_500)}}`, 'a'],
  ['depth of objects', `{"a":${'{"a":'.repeat(1_500)}1${'}'.repeat(1_500)}}`, 'a'],
  ['depth at the root', '['.repeat(1_500), 'body'],
  ['a long name', `{"${'a'.repeat(300)}":1}`, 'body'],
  ['a long number', `{"max_faces":${'1'.repeat(2_000_000)}}`, 'max_faces'],
  ['many short texts', `{"fields":[${`"${'a'.repeat(1_000)}",`.repeat(1_500)}""]}`, 'fields'],
])('%s: refused by name, before the end arrives', (_, text, field) => {
  const { code, details } = refusalOf(text.slice(0, -2));
  expect(code).toBe('invalid_request');
  expect(details).toMatchObject({ errors: [{ field }] });
});

test('a text too long for any picture is refused, naming its field', () => {
  expect(refusalOf(`{"requests":[{"image_base64":"${'A'.repeat(MAX_TEXT + 1)}`)).toMatchObject({
    code: 'image_too_large',
    details: { field: 'requests.0.image_base64', max_bytes: MAX_TEXT },
  });
});

test('blanks cost nothing, however many there are', () => {
  expect(read(`{"a":${' \n'.repeat(5_000_000)}1}`)).toEqual({ a: 1 });
});
