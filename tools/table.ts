/** Tables of figures, as text for a terminal and as Markdown. */

/** Rows of text under a heading. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A captioned Markdown table. */
export function tableMarkdown({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [`**${title}**`, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Aligned text for a terminal. */
export function tableText({ title, head, rows }: Table): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const align = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('   ')
      .trimEnd();
  const [first, ...others] = lines.map(align);
  return [
    `${title}`,
    `  ${first}`,
    `  ${'-'.repeat(first.length)}`,
    ...others.map((one) => `  ${one}`),
    '',
  ].join('\n');
}
