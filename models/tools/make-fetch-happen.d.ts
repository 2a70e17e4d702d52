/** The part of npm's HTTP client that we use. Its published types describe an older version and bring the DOM with them. */
declare module 'make-fetch-happen' {
  interface Response {
    readonly status: number;
    /** Address that answered, after redirects. */
    readonly url: string;
    readonly headers: { get(name: string): string | null };
    readonly body: AsyncIterable<Buffer>;
  }

  /** @param options those of npm (proxy, noProxy, ca, strictSSL, …) and of the request */
  function fetch(url: string, options: Readonly<Record<string, unknown>>): Promise<Response>;
  export default fetch;
}
