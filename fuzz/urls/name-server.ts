/** A name server (RFC 1035) for names that resolve to whatever a case wants, including different addresses each time. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP, isIPv4 } from 'node:net';

/** For each name, the answers to its successive lookups. The last one is repeated. */
export type Names = Readonly<Record<string, readonly (readonly string[])[]>>;

/** The address that the resolver of the namespace asks. */
export const NAME_SERVER = '127.0.0.53';

const A = 1;
const AAAA = 28;

export class NameServer {
  private names: Names = {};
  private readonly asked = new Map<string, number>();

  private constructor(private readonly socket: Socket) {
    socket.on('message', (query, { port, address }) => {
      const answer = this.answer(query);
      if (answer !== undefined) socket.send(answer, port, address);
    });
  }

  static async start(): Promise<NameServer> {
    const socket = createSocket('udp4').bind(53, NAME_SERVER);
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  set(names: Names): void {
    this.names = names;
    this.asked.clear();
  }

  close(): void {
    this.socket.close();
  }

  private answer(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]; length !== undefined && length > 0; length = query[at]) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += length + 1;
    }
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    const addresses = this.addresses(labels.join('.').toLowerCase(), type);
    const records = (addresses ?? []).map((address) => record(address));
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(addresses === undefined ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    return Buffer.concat([head, question, ...records]);
  }

  /** The answer; undefined if there is no such name. */
  private addresses(name: string, type: number): string[] | undefined {
    const answers = this.names[name];
    if (answers === undefined) return undefined;
    const key = `${name} ${type}`;
    const turn = this.asked.get(key) ?? 0;
    this.asked.set(key, turn + 1);
    const now = answers[Math.min(turn, answers.length - 1)];
    return now.filter((address) => (isIPv4(address) ? type === A : type === AAAA));
  }
}

function record(address: string): Buffer {
  const data = isIP(address) === 4 ? Buffer.from(address.split('.').map(Number)) : v6(address);
  const head = Buffer.from([0xc0, 12, 0, data.length === 4 ? A : AAAA, 0, 1, 0, 0, 0, 0, 0, data.length]);
  return Buffer.concat([head, data]);
}

function v6(address: string): Buffer {
  // The URL parser knows every spelling, including one with a dotted end.
  const [left, right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'));
  const zeros = Array.from({ length: 8 - groups(left).length - groups(right).length }, () => '0');
  const made = Buffer.alloc(16);
  for (const [index, group] of [...groups(left), ...zeros, ...groups(right)].entries())
    made.writeUInt16BE(parseInt(group, 16), index * 2);
  return made;
}
