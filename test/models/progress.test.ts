/** What is shown of a download: how much, how fast, and how long it will still take. */
import { Progress } from '../../models/tools/progress.js';

const MIB = 1024 * 1024;

let now: number;
let lines: string[];
beforeEach(() => ([now, lines] = [0, []]));

const progress = (total: number | undefined): Progress =>
  new Progress('Fetching', total, { write: (text) => lines.push(text) }, () => now);

it('shows rate and time left', () => {
  const shown = progress(100 * MIB);
  now = 10_000;
  shown.add(20 * MIB);
  expect(lines).toEqual(['Fetching: 20 % (20.0 of 100.0 MiB, 2.0 MiB/s, 0:40 left)\n']);
});

it('leaves bytes from an earlier run out of the rate', () => {
  const shown = progress(200 * MIB);
  shown.restart(100 * MIB);
  now = 5_000;
  shown.add(5 * MIB);
  expect(lines).toEqual(['Fetching: 52 % (105.0 of 200.0 MiB, 1.0 MiB/s, 1:35 left)\n']);
});

it('shows neither percentage nor time left if the size is unknown', () => {
  const shown = progress(undefined);
  now = 1_000;
  shown.add(3 * MIB);
  shown.done();
  expect(lines).toEqual(['Fetching: (3.0 MiB, 3.0 MiB/s)\n']);
});
