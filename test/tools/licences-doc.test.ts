import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packNames } from '../../models/tools/recipe.js';
import { withLicences } from '../../tools/licences-doc.js';

const page = readFileSync('docs/licences.md', 'utf8');

it('docs/licences.md says of every model of every pack where it comes from (`npm run docs` writes it)', async () => {
  expect(page).toBe(withLicences(page));
  for (const name of await packNames('models')) expect(page).toContain(`## Pack \`${name}\``);
});

it('a page without the marks is refused, not overwritten', () => {
  expect(() => withLicences('# Licences')).toThrow('lacks the marks');
});

it('a pack that does not say where a model comes from is refused by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'packs-'));
  try {
    mkdirSync(join(folder, 'own'));
    const models = { detector: { file: 'detector.onnx' } };
    writeFileSync(join(folder, 'own/pack.json'), JSON.stringify({ name: 'own', licence: 'MIT', models }));
    expect(() => withLicences(page, folder)).toThrow('models.detector of the pack own has no provenance');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
