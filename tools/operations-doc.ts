/** The settings chapter of docs/operations.md. `npm run docs` writes it. */
import { Config } from '../src/config/config.js';
import { defaultOf } from './env-example.js';
import { settingsOf } from '../src/config/setting.js';

const START = '<!-- Written by `npm run docs`. -->\n<!-- prettier-ignore-start -->';
const END = '<!-- prettier-ignore-end -->';

/**
 * Returns the document with a new table of settings.
 * @param document the whole text, with two marks around the table
 */
export function withSettings(document: string): string {
  const [before, rest = ''] = document.split(START);
  const [, after] = rest.split(END);
  if (after === undefined) throw new Error(`The document lacks the marks ${START} and ${END}.`);
  return `${before}${START}\n\n${table()}\n\n${END}${after}`;
}

function table(): string {
  const rows = settingsOf(Config).map((setting) => {
    const value = defaultOf(setting);
    return `| \`${setting.variable}\` | ${value === '' ? '' : `\`${value}\``} | ${setting.effect} |`;
  });
  return ['| variable | default | effect |', '| --- | --- | --- |', ...rows].join('\n');
}
