/** Callers take turns, however much each of them sends. */
import { FairLine } from '../../src/images/fair-line.js';

test('callers take turns; each caller is served in order of arrival', () => {
  const line = new FairLine();
  const entered: string[] = [];
  const join = (caller: string, name: string) => line.join(caller, () => entered.push(name));
  for (const name of ['a1', 'a2', 'a3', 'a4']) join('a', name);
  join('b', 'b1');
  const leave = join('a', 'a5');
  join('c', 'c1');
  join('b', 'b2');
  leave();
  leave();
  for (let enter = line.next(); enter !== undefined; enter = line.next()) enter();
  expect(entered).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  join('a', 'again');
  line.next()?.();
  expect(entered.at(-1)).toBe('again');
});
