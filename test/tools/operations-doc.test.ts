import { readFileSync } from 'node:fs';
import { withSettings } from '../../tools/operations-doc.js';

it('docs/operations.md lists every setting with its default (`npm run docs` writes it)', () => {
  const text = readFileSync('docs/operations.md', 'utf8');
  expect(text).toBe(withSettings(text));
});

it('a document without the marks is refused, not overwritten', () => {
  expect(() => withSettings('# Operations')).toThrow('lacks the marks');
});
