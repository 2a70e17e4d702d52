/** A caller of detect that keeps its connection, and the median of what it measures. */
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true });

/** An answer of detect. */
export interface Detected {
  /** How many faces it holds. */
  readonly faces: number;
  /** From sending the request to the end of the answer, in milliseconds. */
  readonly ms: number;
  /** The `Server-Timing` header. */
  readonly timings: string;
}

/** Sends a JPEG with all outputs asked for. */
export function detect(url: string, body: Buffer): Promise<Detected> {
  return new Promise((resolve, reject) => {
    const sent = performance.now();
    const headers = { 'content-type': 'image/jpeg', 'content-length': body.length };
    request(`${url}/v1/models/insightface:detect`, { agent, method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== 200) return reject(new Error(`${response.statusCode}: ${text}`));
        const { faces } = JSON.parse(text) as { faces: unknown[] };
        const timings = String(response.headers['server-timing']);
        resolve({ faces: faces.length, ms: performance.now() - sent, timings });
      });
    })
      .on('error', reject)
      .end(body);
  });
}

/** The median. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
