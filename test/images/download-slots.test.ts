/** Limits on simultaneous downloads. */
import { DownloadSlots } from '../../src/images/sources/download-slots.js';
import { configWith } from '../support/config.js';
import { refusalOf } from '../support/refusals.js';

test('one caller gets half of the slots, and all callers together all of them', async () => {
  const slots = new DownloadSlots(configWith({ urlMaxDownloads: 5 }));
  const taken = ['key:a', 'key:a', 'key:a'].map((caller) => slots.take(caller));
  const full = await refusalOf(() => slots.take('key:a'));
  expect([full.code, full.details]).toEqual(['overloaded', { downloads: 3, retry_after_seconds: 1 }]);
  taken.push(slots.take('key:b'), slots.take('key:b'));
  expect((await refusalOf(() => slots.take('key:c'))).code).toBe('overloaded');
  for (const leave of taken) leave();
  for (const caller of ['key:a', 'key:a', 'key:a', 'key:c', 'key:c']) slots.take(caller);
});

test('a single slot serves one download at a time', async () => {
  const slots = new DownloadSlots(configWith({ urlMaxDownloads: 1 }));
  const leave = slots.take('key:a');
  expect((await refusalOf(() => slots.take('key:b'))).code).toBe('overloaded');
  leave();
  slots.take('key:b');
});
