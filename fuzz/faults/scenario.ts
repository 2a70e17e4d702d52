/** Scenarios of faults, and helpers for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Subject, type SubjectOptions } from '../core/subject.js';
import type { Outcome } from '../core/suite.js';

/** Causes a fault and checks its consequences. @param running a warm service, for scenarios that need no service of their own */
export type Scenario = (running: Subject) => Promise<Partial<Outcome>>;

/** Maximum time that a service may need to recover. */
const BACK_WITHIN_MS = 10_000;

/** Runs something with a separate service. */
export async function withService(
  settings: Readonly<Record<string, string>>,
  options: SubjectOptions,
  use: (subject: Subject) => Promise<Partial<Outcome>>,
): Promise<Partial<Outcome>> {
  const subject = await Subject.start(
    { INFERENCE_MAX_WORKERS: '1', ...settings },
    { warmUps: 4, ...options },
  );
  try {
    return await use(subject);
  } finally {
    await subject.kill();
  }
}

/** Runs something with a temporary folder. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is still wrong with the service some time after a fault; empty if nothing is. */
export async function notBack(subject: Subject, withinMs = BACK_WITHIN_MS): Promise<string[]> {
  const wrong = await subject.normalAnswer(withinMs);
  return wrong === undefined ? [] : [`afterwards ${wrong}`];
}

/** Waits until a condition holds. @returns whether it does in time */
export async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) return false;
    await sleep(50);
  }
  return true;
}
