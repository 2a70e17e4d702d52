/** The CPUs that this process may use, parsed from the kernel's files. */
import { availableParallelism } from 'node:os';
import { availableCpus } from '../../src/config/available-cpus.js';

const ALL = availableParallelism();
const V2 = '/sys/fs/cgroup/cpu.max';
const QUOTA = '/sys/fs/cgroup/cpu/cpu.cfs_quota_us';
const PERIOD = '/sys/fs/cgroup/cpu/cpu.cfs_period_us';

test.each<[string, Record<string, string>, number]>([
  ['no cgroup at all', {}, ALL],
  ['version 2 without a limit', { [V2]: 'max 100000\n' }, ALL],
  ['version 2, one CPU', { [V2]: '100000 100000\n' }, 1],
  ['version 2, half a CPU', { [V2]: '50000 100000\n' }, 1],
  ['version 2, one and a half: rounded up', { [V2]: '150000 100000\n' }, Math.min(2, ALL)],
  ['version 2, another period', { [V2]: '20000 20000\n' }, 1],
  ['version 2, the period left to its default', { [V2]: '100000' }, 1],
  ['version 2, more than the machine has', { [V2]: '102400000 100000\n' }, ALL],
  ['version 1 without a limit', { [QUOTA]: '-1\n', [PERIOD]: '100000\n' }, ALL],
  ['version 1, one CPU', { [QUOTA]: '100000\n', [PERIOD]: '100000\n' }, 1],
  ['version 1, a tenth of a CPU', { [QUOTA]: '10000\n', [PERIOD]: '100000\n' }, 1],
  ['version 1, one and a half', { [QUOTA]: '75000\n', [PERIOD]: '50000\n' }, Math.min(2, ALL)],
  ['version 1, a quota without a period', { [QUOTA]: '100000\n' }, ALL],
  ['unexpected text', { [V2]: 'many\n' }, ALL],
  ['an empty file', { [V2]: '' }, ALL],
])('%s', (_, files, expected) => {
  expect(availableCpus((path) => files[path])).toBe(expected);
});

test('this machine has at least one CPU', () => {
  expect(availableCpus()).toBeGreaterThanOrEqual(1);
  expect(availableCpus()).toBeLessThanOrEqual(ALL);
});
