/** Resolves names with a name server on a loopback address, which never answers for some of them. */
import { createSocket, type Socket } from 'node:dgram';
import { promises } from 'node:dns';
import { once } from 'node:events';
import { resolveHost } from '../../src/images/resolve-host.js';

const A_RECORD = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 8, 8, 4, 4]);
const NO_SUCH_NAME = 3;
let server: Socket;
const resolver = new promises.Resolver({ timeout: 5_000, tries: 1 });

/** A name server: resolves "good…" to 8.8.4.4, never answers for "silent…", and knows no other name. */
function answer(question: Buffer): Buffer | undefined {
  if (question.includes('silent')) return undefined;
  const end = question.indexOf(0, 12) + 5;
  const isGood = question.includes('good');
  const hasAddress = isGood && question.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(question.subarray(0, 12));
  head.set([0x81, 0x80 + (isGood ? 0 : NO_SUCH_NAME)], 2);
  head.writeUInt16BE(hasAddress ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, question.subarray(12, end), ...(hasAddress ? [A_RECORD] : [])]);
}

beforeAll(async () => {
  server = createSocket('udp4', (question, { port, address }) => {
    const reply = answer(question);
    if (reply !== undefined) server.send(reply, port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
});
afterAll(() => server.close());

test('names with silent name servers do not delay others', async () => {
  const silent = Array.from({ length: 16 }, (_, index) =>
    resolveHost(`silent${index}.example`, true, resolver),
  );
  const ended = Promise.allSettled(silent);
  const first = await Promise.race([ended, resolveHost('good.example', false, resolver)]);
  expect(first).toEqual([{ address: '8.8.4.4', family: 4 }]);
  resolver.cancel();
  expect((await ended).map(({ status }) => status)).not.toContain('fulfilled');
});

test('names that only the system knows are found where internal addresses may be reached', async () => {
  await expect(resolveHost('localhost', false, resolver)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  const addresses = (await resolveHost('localhost', true, resolver)).map(({ address }) => address);
  expect(addresses).toContain('127.0.0.1');
});
