/** Replicas that count together in a real Redis, and what they do when it becomes unavailable. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { json, type Service, startService } from '../support/service.js';
import { until } from '../support/until.js';

const present = spawnSync('redis-server', ['--version']).status === 0;
const replicas = present ? describe : describe.skip;

replicas(present ? 'two replicas' : 'skipped: no redis-server', () => {
  const LIMIT = 10;
  let port: number;
  let redis: ChildProcess;
  let services: Service[] = [];

  async function startRedis(): Promise<void> {
    redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
      stdio: 'pipe',
    });
    let text = '';
    redis.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text.includes('Ready to accept connections'));
  }

  async function stopRedis(): Promise<void> {
    const ended = once(redis, 'exit');
    redis.kill('SIGKILL');
    await ended;
  }

  /** Each test counts from zero. */
  async function startReplicas(count = 2): Promise<void> {
    const settings = {
      rateLimitRequests: LIMIT,
      rateLimitWindowSeconds: 3_600,
      rateLimitRedisUrl: `redis://127.0.0.1:${port}`,
    };
    services = await Promise.all(Array.from({ length: count }, () => startService(settings)));
  }

  const ask = ({ url }: Service): Promise<Response> => fetch(`${url}/v1/models`);
  const limiterOf = async ({ url }: Service): Promise<object> =>
    (await json<{ details: { rate_limit: object } }>(await fetch(`${url}/-/healthz`))).details.rate_limit;

  beforeAll(async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    server.close();
    await once(server, 'close');
  });
  afterEach(async () => {
    for (const { app } of services) await app.close();
    services = [];
    if (redis.exitCode === null && redis.signalCode === null) await stopRedis();
  });

  test('share one count: together they allow what one replica may', async () => {
    await startRedis();
    await startReplicas();
    const answers = await Promise.all(Array.from({ length: 3 * LIMIT }, (_, i) => ask(services[i % 2])));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(LIMIT);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(2 * LIMIT);
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_000);
    for (const service of services)
      expect(await limiterOf(service)).toMatchObject({ status: 'up', counted: 'in Redis' });
  });

  test('if Redis dies, both keep serving, count on their own and say so, and count together again when it is back', async () => {
    await startRedis();
    await startReplicas();
    for (let request = 0; request < LIMIT; request++) expect((await ask(services[0])).status).toBe(200);
    expect((await ask(services[1])).status).toBe(429);

    await stopRedis();
    for (const service of services) {
      for (let request = 0; request < LIMIT; request++) expect((await ask(service)).status).toBe(200);
      expect((await ask(service)).status).toBe(429);
      expect(await limiterOf(service)).toMatchObject({ status: 'degraded', counted: 'here' });
      expect((await fetch(`${service.url}/-/readyz`)).status).toBe(200);
    }

    await startRedis();
    for (const service of services)
      await until(async () => JSON.stringify(await limiterOf(service)).includes('in Redis'));
    // The new Redis is empty: both share one count, from zero.
    for (let request = 0; request < LIMIT; request++)
      expect((await ask(services[request % 2])).status).toBe(200);
    for (const service of services) expect((await ask(service)).status).toBe(429);
  });

  test('a Redis that hangs delays requests once, not each of them', async () => {
    await startRedis();
    await startReplicas(1);
    redis.kill('SIGSTOP');
    expect((await ask(services[0])).status).toBe(200);
    expect(await limiterOf(services[0])).toMatchObject({ status: 'degraded', counted: 'here' });
    for (let request = 1; request < LIMIT; request++) expect((await ask(services[0])).status).toBe(200);
    expect((await ask(services[0])).status).toBe(429);
  });

  test('an unavailable Redis does not delay the start, and is used once it is available', async () => {
    await startReplicas(1);
    expect((await ask(services[0])).status).toBe(200);
    expect(await limiterOf(services[0])).toMatchObject({ status: 'degraded', counted: 'here' });
    await startRedis();
    await until(async () => JSON.stringify(await limiterOf(services[0])).includes('in Redis'));
  });
});
