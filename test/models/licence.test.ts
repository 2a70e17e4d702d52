/** A licence is shown, and accepted by the flag or by the word "yes" only. */
import { acceptLicence } from '../../models/tools/licence.js';
import type { Download } from '../../models/tools/sources.js';

const SOURCE: Download = {
  url: 'https://example.org/pack.zip',
  licence: 'Research only',
  licenceUrl: 'https://example.org/licence',
};

let shown: string;
const terminal = { write: (text: string) => (shown += text) };
beforeEach(() => (shown = ''));

it('is shown, and accepted by the flag without a question', async () => {
  await acceptLicence('own', SOURCE, true, terminal, () => Promise.reject(new Error('asked')));
  expect(shown).toMatch(/own\n.*pack\.zip\n.*Research only\n.*example\.org\/licence/);
});

it.each(['yes', ' YES '])('is accepted by the answer "%s"', async (answer) => {
  await acceptLicence('own', SOURCE, false, terminal, () => Promise.resolve(answer));
});

it.each(['', 'y', 'no'])('is not accepted by the answer "%s"', async (answer) => {
  await expect(acceptLicence('own', SOURCE, false, terminal, () => Promise.resolve(answer))).rejects.toThrow(
    /^The licence of own was not accepted\.$/,
  );
});

it('names the flag if there is no terminal to ask on', async () => {
  await expect(acceptLicence('own', SOURCE, false, terminal)).rejects.toThrow(/--accept-license/);
});
