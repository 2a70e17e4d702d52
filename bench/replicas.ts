/**
 * Puts three replicas behind HAProxy under load, kills one and restarts all of them in turn:
 * `npm run replicas -- --seconds 10 --callers 6`.
 *
 * Prints how many requests were answered, lost and retried, and each replica's share. Exits with 1 if a request was lost or a
 * replica did not stop cleanly, and with 2 if HAProxy is missing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { oneFace } from './pictures.js';
import { Load, lostOf } from './replicas/load.js';
import { Proxy, type ProxyCounts } from './replicas/proxy.js';
import { Replica } from './replicas/replica.js';
import { freePort } from './server-process.js';
import { sum } from './statistics.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    callers: { type: 'string', default: '6' },
  },
});
const [seconds, callers] = [Number(values.seconds), Number(values.callers)];
if (!(seconds > 0) || !(callers >= 1)) {
  console.error('--seconds and --callers must be positive numbers.');
  process.exit(2);
}
if (!Proxy.isInstalled) {
  console.error('HAProxy is missing: install it with `apt-get install haproxy`.');
  process.exit(2);
}

const replicas = [
  new Replica(await freePort()),
  new Replica(await freePort()),
  new Replica(await freePort()),
];
const proxy = new Proxy(await freePort(), await freePort());
const exitCodes: (number | null)[] = [];
let load: Load | undefined;

// An interrupted trial leaves no process behind.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
process.once('exit', () => [proxy, ...replicas].forEach((part) => part.kill()));

/** Runs a phase of the trial and prints its results. */
async function phase(name: string, work: () => Promise<unknown>): Promise<void> {
  if (load === undefined) return;
  const { tally } = load;
  const [answeredBefore, lostBefore] = [tally.answered, lostOf(tally)];
  const [before, started] = [await proxy.counts(), performance.now()];
  await work();
  const after = await proxy.counts();
  const took = (performance.now() - started) / 1000;
  const answered = tally.answered - answeredBefore;
  const retried = after.retried - before.retried;
  const rate = (answered / took).toFixed(1).padStart(6);
  console.log(
    `${name.padEnd(26)} ${took.toFixed(1).padStart(6)} s ${String(answered).padStart(6)} answered ${rate}/s ` +
      `${String(lostOf(tally) - lostBefore).padStart(4)} lost ${String(retried).padStart(4)} retried   share ${shares(before, after)}`,
  );
}

/** Each replica's share of the answers. */
function shares(before: ProxyCounts, after: ProxyCounts): string {
  const answers = after.answers.map((count, index) => count - before.answers[index]);
  return answers.map((count) => `${Math.round((100 * count) / Math.max(1, sum(answers)))} %`).join(', ');
}

try {
  await Promise.all(replicas.map((replica) => replica.start()));
  await proxy.start(replicas.map(({ address }) => address));
  const start = await proxy.counts();
  load = new Load(proxy.url, await oneFace(), callers);
  await phase('three replicas', () => sleep(seconds * 1000));
  await phase('one killed (SIGKILL)', async () => {
    await replicas[0].end('SIGKILL');
    await sleep(seconds * 1000);
  });
  await phase('restarted', () => replicas[0].start());
  for (const [index, replica] of replicas.entries()) {
    await phase(`replica ${index + 1} rolled (SIGTERM)`, async () => {
      exitCodes.push(await replica.end('SIGTERM'));
      await replica.start();
    });
  }
  await phase('three replicas', () => sleep(seconds * 1000));
  await load.stop();

  const { sent, answered, lost } = load.tally;
  const end = await proxy.counts();
  console.log(`\nrequests sent    ${sent}`);
  console.log(`answered 200     ${answered}`);
  console.log(`lost             ${sent - answered}`);
  for (const [reason, count] of lost) console.log(`  ${reason}: ${count}`);
  console.log(`retried once     ${end.retried - start.retried}`);
  console.log(`share            ${shares(start, end)}`);
  console.log(`exit codes       ${exitCodes.join(', ')}`);
  const failed = sent !== answered || exitCodes.some((code) => code !== 0);
  process.exitCode = failed ? 1 : 0;
} finally {
  await load?.stop();
  await Promise.all([proxy.stop(), ...replicas.map((replica) => replica.end('SIGTERM'))]);
}
