/** Several replicas for real: behind HAProxy, one killed and all rolled under load, no request is lost. */
import { spawnSync } from 'node:child_process';

const isInstalled = spawnSync('haproxy', ['-v']).status === 0;

test.each(['--seconds=0', '--callers=0', '--seconds=soon'])('refuses %s', (argument) => {
  const { status, stderr } = trial(argument);
  expect(status).toBe(2);
  expect(stderr).toMatch(/--seconds and --callers must be positive numbers/);
});

test('says what to install where HAProxy is missing', () => {
  const { status, stderr } = spawnSync(process.execPath, ['dist/bench/replicas.js'], {
    encoding: 'utf8',
    env: { PATH: '/nowhere' },
  });
  expect(status).toBe(2);
  expect(stderr).toContain('apt-get install haproxy');
});

(isInstalled ? test : test.skip)(
  `a killed and three rolled replicas lose no request${isInstalled ? '' : ' (skipped: no haproxy)'}`,
  () => {
    const { status, stdout, stderr } = trial('--seconds=2', '--callers=4');
    if (status !== 0) throw new Error(stdout + stderr);
    const figure = (name: string): number => Number(new RegExp(`^${name} +(\\d+)$`, 'm').exec(stdout)?.[1]);
    expect(figure('requests sent')).toBeGreaterThan(0);
    expect(figure('answered 200')).toBe(figure('requests sent'));
    expect(figure('lost')).toBe(0);
    expect(stdout).toMatch(/^exit codes +0, 0, 0$/m);
    expect(stdout).toMatch(/^share +[1-9]\d* %, [1-9]\d* %, [1-9]\d* %$/m);
  },
  // Three replicas start twice, one of them three times, on however busy a machine.
  900_000,
);

function trial(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['dist/bench/replicas.js', ...args], { encoding: 'utf8' });
}
