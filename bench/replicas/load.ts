/** Callers that keep sending a picture, each as soon as its previous request is answered. */
import { Agent, request } from 'node:http';
import { sum } from '../statistics.js';

/** The outcomes of the requests. */
export interface Tally {
  sent: number;
  /** Answered with 200 and one face. */
  answered: number;
  /** All other outcomes, with their counts. */
  readonly lost: Map<string, number>;
}

/** How many requests have been lost so far. */
export function lostOf({ lost }: Tally): number {
  return sum([...lost.values()]);
}

export class Load {
  readonly tally: Tally = { sent: 0, answered: 0, lost: new Map() };
  private readonly agent = new Agent({ keepAlive: true });
  private readonly callers: Promise<void>[];
  private isOver = false;

  /** Starts the load. @param picture a JPEG with one face */
  constructor(
    private readonly url: string,
    private readonly picture: Buffer,
    callers: number,
  ) {
    this.callers = Array.from({ length: callers }, () => this.call());
  }

  /** Ends the load. It resolves after the last answer. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.callers);
    this.agent.destroy();
  }

  private async call(): Promise<void> {
    const { tally } = this;
    while (!this.isOver) {
      tally.sent++;
      const end = await this.send();
      if (end === 'answered') tally.answered++;
      else tally.lost.set(end, (tally.lost.get(end) ?? 0) + 1);
    }
  }

  /** Sends a request. @returns `answered`, or what went wrong */
  private send(): Promise<string> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'image/jpeg', 'content-length': this.picture.length };
      const options = { agent: this.agent, method: 'POST', headers };
      request(`${this.url}/v1/models/insightface:detect`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('error', (error) => resolve(error.message));
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { statusCode = 0 } = response;
          if (statusCode !== 200) return resolve(`status ${statusCode}`);
          const { faces } = JSON.parse(Buffer.concat(chunks).toString()) as { faces: unknown[] };
          resolve(faces.length === 1 ? 'answered' : `${faces.length} faces`);
        });
      })
        .on('error', (error) => resolve(error.message))
        .end(this.picture);
    });
  }
}
