/** Sends requests over keep-alive connections, as busy callers do. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { Payload } from './payload.js';

/** The response to a request. `status` 0: there was none. */
export interface Answer {
  readonly status: number;
  /** Milliseconds from sending the request to the last byte of the response. */
  readonly ms: number;
  readonly retryAfter: string | undefined;
  /** The Server-Timing header. */
  readonly timings: string | undefined;
  readonly text: () => string;
}

export class Client {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly url: string) {}

  /** Posts a payload. It never rejects. @param signal closes the connection when it aborts */
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
        // The server closed an idle connection just as it was reused, so the service never saw the request.
        if (attempt.reusedSocket && error.code === 'ECONNRESET') resolve(this.send(path, options, body));
        else answer(0, {}, []);
      });
      attempt.end(body);
    });
  }
}
