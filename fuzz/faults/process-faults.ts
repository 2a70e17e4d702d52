/** Faults of the running process: its children die, it is paused, it has no files, no reader, no disk, or its clock jumps. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { face } from '../../bench/pictures.js';
import { exchange } from '../core/exchange.js';
import { DETECT, post } from '../core/http-text.js';
import { family } from '../core/process-tree.js';
import { startLoad } from './load.js';
import { notBack, type Scenario, until, withFolder, withService } from './scenario.js';

const FAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
];

/** A picture that the service may decode in a decoder process. */
async function slowPicture(): Promise<Buffer> {
  return sharp(await face(1_600, 1_200))
    .png({ progressive: true })
    .toBuffer();
}

export const PROCESS_FAULTS: Readonly<Record<string, Scenario>> = {
  'decoder processes are killed': async (subject) => {
    const load = startLoad(subject, await slowPicture(), 4, [500, 503]);
    let killed = 0;
    for (let round = 0; round < 30; round++) {
      await sleep(100);
      for (const pid of family(subject.pid).slice(1)) {
        process.kill(pid, 'SIGKILL');
        killed++;
      }
    }
    const { statuses, faults } = await load.stop();
    const skipped = killed === 0 ? 'the service has no decoder process' : undefined;
    // A kill may cost the picture being decoded, and no other.
    const lost = statuses.filter((status) => status === 500).length;
    const tooMany =
      lost > killed ? [`${lost} pictures are lost, but only ${killed} processes were killed`] : [];
    return { statuses, faults: [...faults, ...tooMany, ...(await notBack(subject))], skipped };
  },
  'decoder processes are paused': async (subject) => {
    const load = startLoad(subject, await slowPicture(), 2, [500, 503, 504]);
    await sleep(500);
    const children = family(subject.pid).slice(1);
    for (const pid of children) process.kill(pid, 'SIGSTOP');
    await sleep(7_000);
    const { statuses, faults } = await load.stop();
    const back = await notBack(subject);
    return {
      statuses,
      faults: [...faults, ...back],
      skipped: children.length === 0 ? 'the service has no decoder process' : undefined,
    };
  },
  'the process is paused for a while': async (subject) => {
    const load = startLoad(subject, await face(320, 240), 4, [503, 504]);
    await sleep(300);
    subject.child.kill('SIGSTOP');
    await sleep(2_500);
    subject.child.kill('SIGCONT');
    await sleep(500);
    // Discard what the probe has seen: the pause delayed it, not the service.
    await subject.seen();
    const { statuses, faults } = await load.stop();
    const back = await notBack(subject);
    await subject.seen();
    return { statuses, faults: [...faults, ...back] };
  },
  'no file is left to open': () =>
    withService({}, {}, async (subject) => {
      const open = readdirSync(`/proc/${subject.pid}/fd`).length;
      const limit = ['--pid', String(subject.pid), `--nofile=${open + 10}:`];
      if (spawnSync('prlimit', limit).status !== 0) return { skipped: 'needs prlimit' };
      const { hostname, port } = new URL(subject.url);
      const sockets: Socket[] = Array.from({ length: 200 }, () =>
        connect(Number(port), hostname).on('error', () => undefined),
      );
      await sleep(1_000);
      const picture = await face(320, 240);
      await exchange(subject.url, { steps: post(DETECT, 'image/jpeg', picture), leaveAfterMs: 1_000 }, 1_000);
      for (const socket of sockets) socket.destroy();
      return { faults: await notBack(subject) };
    }),
  'the reader of its output is gone': () =>
    withService({ LOG_LEVEL: 'verbose' }, {}, async (subject) => {
      subject.child.stdout?.destroy();
      subject.child.stderr?.destroy();
      const faults: string[] = [];
      for (let sent = 0; sent < 20; sent++) faults.push(...(await notBack(subject, 3_000)));
      await sleep(500);
      return { faults: [...new Set(faults), ...(await notBack(subject))] };
    }),
  'the disk under its output is full': () =>
    withService(
      { LOG_LEVEL: 'verbose' },
      { launcher: ['sh', '-c', 'exec "$@" >/dev/full 2>&1', 'sh'] },
      async (subject) => {
        const faults: string[] = [];
        for (let sent = 0; sent < 20; sent++) faults.push(...(await notBack(subject, 3_000)));
        return { faults: [...new Set(faults)] };
      },
    ),
  'the reader of its output is slow': () =>
    withService({ LOG_LEVEL: 'verbose' }, {}, async (subject) => {
      subject.child.stdout?.pause();
      subject.child.stderr?.pause();
      const load = startLoad(subject, await face(160, 120), 4, [503]);
      await sleep(3_000);
      const { statuses, faults } = await load.stop();
      return { statuses, faults: [...faults, ...(await notBack(subject))] };
    }),
  'there is no folder for temporary files': () =>
    withService({ TMPDIR: '/nonexistent/folder' }, {}, async (subject) => {
      const load = startLoad(subject, await slowPicture(), 2, []);
      await sleep(1_000);
      const { statuses, faults } = await load.stop();
      return { statuses, faults: [...faults, ...(await notBack(subject))] };
    }),
  'the clock jumps': () =>
    withFolder(async (folder) => {
      const library = FAKETIME.find(existsSync);
      if (library === undefined) return { skipped: 'needs libfaketime' };
      const file = join(folder, 'time');
      await writeFile(file, '+0');
      const settings = {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        RATE_LIMIT_REQUESTS: '100000',
      };
      return withService(settings, {}, async (subject) => {
        const load = startLoad(subject, await face(160, 120), 2, []);
        for (const jump of ['+1d', '-1d', '+20y', '-30y', '+0']) {
          await writeFile(file, jump);
          await sleep(700);
        }
        const { statuses, faults } = await load.stop();
        return { statuses, faults: [...faults, ...(await notBack(subject))] };
      });
    }),
  'it is told to stop under load': () =>
    withService({ SHUTDOWN_TIMEOUT_MS: '500' }, {}, async (subject) => {
      // Requests that arrive after it has closed get no answer.
      const load = startLoad(subject, await face(320, 240), 4, [0, 503]);
      await sleep(500);
      subject.child.kill('SIGTERM');
      subject.child.kill('SIGTERM');
      const ended = await until(() => subject.hasEnded, 10_000);
      const { statuses, faults } = await load.stop();
      const { exitCode } = subject.child;
      return {
        statuses: statuses.filter((status) => status > 0),
        faults: [
          ...faults,
          ...(ended ? [] : ['it does not end']),
          ...(ended && exitCode !== 0 ? [`exit code ${exitCode ?? 'none'}`] : []),
        ],
      };
    }),
  'it is told to stop while callers stall': () =>
    withService({ SHUTDOWN_TIMEOUT_MS: '500' }, {}, async (subject) => {
      const { hostname, port } = new URL(subject.url);
      const sockets = Array.from({ length: 20 }, () =>
        connect(Number(port), hostname).on('error', () => undefined),
      );
      for (const [at, socket] of sockets.entries())
        if (at % 2 === 0) socket.write(`POST ${DETECT} HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nx`);
      await sleep(300);
      subject.child.kill('SIGTERM');
      const ended = await until(() => subject.hasEnded, 12_000);
      for (const socket of sockets) socket.destroy();
      return { faults: ended ? [] : ['it does not end'] };
    }),
};
