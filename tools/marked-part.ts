/** Replaces the generated part of a page, between two marks. */

/** @param marks the comments around that part @throws Error if the page lacks them */
export function replaceMarked(page: string, [begin, end]: readonly [string, string], text: string): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`The page lacks the marks ${begin} and ${end}.`);
  return `${before}${begin}\n<!-- prettier-ignore-start -->\n\n${text}\n\n<!-- prettier-ignore-end -->\n${end}${after}`;
}
