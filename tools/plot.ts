/** Small SVG plots: curves over two axes, and a matrix of counts. They use no scripts and no embedded fonts. */

/** A line or a set of dots. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** How it is drawn; default: a line. */
  readonly style?: 'line' | 'dots' | 'dashes';
}

/** An axis and its range. */
export interface Axis {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  /** Whether powers of ten are at equal distances; `from` must then be above 0. */
  readonly logarithmic?: boolean;
  /** Where grid lines and their labels are drawn; default: equal steps, or powers of ten. */
  readonly ticks?: readonly number[];
}

const WIDTH = 520;
const HEIGHT = 380;
const FRAME = { left: 64, top: 40, right: 500, bottom: 320 };
const COLOURS = ['#1f5fa8', '#c8511b', '#3a8a3f', '#8a4fa3', '#8a6d1f', '#555555', '#d1478c', '#2a9d9d'];
const TICKS = 5;

/**
 * Plots curves of y over x.
 * @param legend the right-hand corner that holds the legend
 */
export function plotCurves(
  title: string,
  x: Axis,
  y: Axis,
  series: readonly Series[],
  legend: 'top' | 'bottom' = 'bottom',
): string {
  const toX = scale(x, FRAME.left, FRAME.right);
  const toY = scale(y, FRAME.bottom, FRAME.top);
  const lines = series.map((one, index) => drawSeries(one, COLOURS[index % COLOURS.length], toX, toY));
  const first = legend === 'top' ? FRAME.top + 12 : FRAME.bottom - 12 - (series.length - 1) * 16;
  const names = series.map(({ label }, index) => {
    const top = first + index * 16;
    const colour = COLOURS[index % COLOURS.length];
    return `${text(FRAME.right - 22, top + 4, label, 'end')}<rect x="${FRAME.right - 16}" y="${top - 5}" width="10" height="10" fill="${colour}"/>`;
  });
  return svg(title, [
    ...ticks(x).map((value) => {
      const at = toX(value);
      return `<path d="M${at} ${FRAME.top}V${FRAME.bottom}" stroke="#ddd"/>${text(at, FRAME.bottom + 18, short(value), 'middle')}`;
    }),
    ...ticks(y).map((value) => {
      const at = toY(value);
      return `<path d="M${FRAME.left} ${at}H${FRAME.right}" stroke="#ddd"/>${text(FRAME.left - 8, at + 4, short(value), 'end')}`;
    }),
    text((FRAME.left + FRAME.right) / 2, FRAME.bottom + 42, x.label, 'middle'),
    `<g transform="rotate(-90 16 180)">${text(16, 180, y.label, 'middle')}</g>`,
    ...lines,
    ...(series.length > 1 ? names : []),
  ]);
}

/** Plots counts by actual (rows) and predicted class (columns), shaded by their share of the row. */
export function plotMatrix(
  title: string,
  classes: readonly string[],
  counts: readonly (readonly number[])[],
): string {
  const [left, top] = [130, 60];
  const cell = Math.min((WIDTH - left - 20) / classes.length, (HEIGHT - top - 20) / classes.length);
  const cells = counts.flatMap((row, y) => {
    const sum = Math.max(
      1,
      row.reduce((a, b) => a + b, 0),
    );
    return row.map((count, x) => {
      const share = count / sum;
      const ink = share > 0.5 ? '#fff' : '#222';
      const [cx, cy] = [left + x * cell, top + y * cell];
      return (
        `<rect x="${round(cx)}" y="${round(cy)}" width="${round(cell)}" height="${round(cell)}" fill="#1f5fa8" fill-opacity="${round(share)}" stroke="#ddd"/>` +
        text(cx + cell / 2, cy + cell / 2 + 4, String(count), 'middle', ink)
      );
    });
  });
  const names = classes.flatMap((name, index) => [
    text(left - 8, top + (index + 0.5) * cell + 4, name, 'end'),
    text(left + (index + 0.5) * cell, top - 8, name, 'middle'),
  ]);
  return svg(`${title} (rows: actual, columns: predicted)`, [...cells, ...names]);
}

function drawSeries(
  { points, style = 'line' }: Series,
  colour: string,
  toX: (value: number) => number,
  toY: (value: number) => number,
): string {
  const positions = points.map(([x, y]) => [round(toX(x)), round(toY(y))] as const);
  if (style === 'dots') {
    return positions.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`).join('');
  }
  const dashes = style === 'dashes' ? ' stroke-dasharray="5 4"' : '';
  const path = thin(positions)
    .map(([x, y]) => `${x},${y}`)
    .join(' ');
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`;
}

/** Drops points that the eye cannot tell from their neighbours. */
function thin(positions: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const kept: (readonly [number, number])[] = [];
  for (const [index, position] of positions.entries()) {
    const last = kept.at(-1);
    const near = last !== undefined && Math.hypot(position[0] - last[0], position[1] - last[1]) < 1;
    if (!near || index === positions.length - 1) kept.push(position);
  }
  return kept;
}

function scale(axis: Axis, start: number, end: number): (value: number) => number {
  const level = (value: number): number =>
    axis.logarithmic === true ? Math.log10(Math.max(value, axis.from)) : value;
  const [from, to] = [level(axis.from), level(axis.to)];
  return (value) => {
    const share = (level(value) - from) / (to - from);
    return start + (end - start) * Math.min(1, Math.max(0, share));
  };
}

function ticks({ from, to, logarithmic, ticks: given }: Axis): readonly number[] {
  if (given !== undefined) return given;
  if (logarithmic !== true) {
    return Array.from({ length: TICKS + 1 }, (_, index) => from + ((to - from) * index) / TICKS);
  }
  const [first, last] = [Math.ceil(Math.log10(from) - 1e-9), Math.floor(Math.log10(to) + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end',
  fill = '#222',
): string {
  const safe = content.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}">${safe}</text>`;
}

function svg(title: string, content: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${text(WIDTH / 2, 22, title, 'middle')}
${content.join('\n')}
</svg>
`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
