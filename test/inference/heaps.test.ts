/** What `letHeapsGrow` is for: fewer collections of whole heaps for the same pictures. */
import { run, killAll, listening } from '../support/service-process.js';
import { sample } from '../fixtures/pictures.js';
import { DETECT } from '../support/service.js';

const REQUESTS = 60;
/** Preloaded into the service, it leaves V8 as it is. */
const WITHOUT_FLAGS = `data:text/javascript,${encodeURIComponent(
  "import v8 from 'node:v8'; import { syncBuiltinESMExports } from 'node:module'; v8.setFlagsFromString = () => undefined; syncBuiltinESMExports();",
)}`;

afterAll(killAll);

/** How often V8 collects garbage in a whole heap of the service while it answers some requests. */
async function collections(...options: string[]): Promise<number> {
  const service = run({ INFERENCE_MAX_WORKERS: '1' }, { options: ['--trace-gc', ...options] });
  const url = (await listening(service)) + DETECT;
  const count = (): number => service.output().match(/Mark-Compact/g)?.length ?? 0;
  const before = count();
  for (let request = 0; request < REQUESTS; request++) {
    const headers = { 'content-type': 'image/jpeg' };
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(sample(3)) });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  }
  const collected = count() - before;
  service.child.kill();
  await service.ended;
  return collected;
}

test('V8 collects garbage in whole heaps less often than by default', async () => {
  const byDefault = await collections('--import', WITHOUT_FLAGS);
  expect(byDefault).toBeGreaterThan(0);
  expect(await collections()).toBeLessThan(byDefault * 0.75);
});
