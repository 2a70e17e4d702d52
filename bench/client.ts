/** Sends requests over connections that stay open, as busy callers do. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { Payload } from './payload.js';

/** How a request ended; `status` 0: without an answer. */
export interface Answer {
  readonly status: number;
  /** Time from the sending to the last byte, in milliseconds. */
  readonly ms: number;
  readonly retryAfter: string | undefined;
  /** What the Server-Timing header says, in milliseconds by name. */
  readonly timings: string | undefined;
  readonly text: () => string;
}

export class Client {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly url: string) {}

  /** Posts a payload. Never rejects. @param signal hangs up when it aborts */
  post({ path, headers, body }: Payload, signal?: AbortSignal): Promise<Answer> {
    return this.send(path, { method: 'POST', headers, signal }, body);
  }

  get(path: string): Promise<Answer> {
    return this.send(path, { method: 'GET' });
  }

  close(): void {
    this.agent.destroy();
  }

  private send(path: string, options: object, body?: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      const sent = performance.now();
      const answer = (status: number, headers: IncomingHttpHeaders, chunks: readonly Buffer[]): void =>
        resolve({
          status,
          ms: performance.now() - sent,
          retryAfter: headers['retry-after'],
          timings: headers['server-timing']?.toString(),
          text: () => Buffer.concat(chunks).toString(),
        });
      const attempt = request(`${this.url}${path}`, { agent: this.agent, ...options }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => answer(0, {}, []));
        response.on('end', () => answer(response.statusCode ?? 0, response.headers, chunks));
      });
      attempt.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed an idle connection in the moment it was used again: no answer of the service.
        if (attempt.reusedSocket && error.code === 'ECONNRESET') resolve(this.send(path, options, body));
        else answer(0, {}, []);
      });
      attempt.end(body);
    });
  }
}
