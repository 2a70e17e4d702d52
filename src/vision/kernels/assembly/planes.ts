/** Stores sampled pixels in the float planes of a network's input. */

/** Four pixels (red, green, blue, -) → four floats of each plane, `size` bytes apart. */
export function storePlanes(
  target: usize,
  size: usize,
  planes: usize,
  p: v128,
  q: v128,
  s: v128,
  t: v128,
): void {
  const upper = v128.shuffle<f32>(p, q, 0, 4, 1, 5);
  const lower = v128.shuffle<f32>(s, t, 0, 4, 1, 5);
  const reds = v128.shuffle<f32>(upper, lower, 0, 1, 4, 5);
  const greens = v128.shuffle<f32>(upper, lower, 2, 3, 6, 7);
  const blues = v128.shuffle<f32>(
    v128.shuffle<f32>(p, q, 2, 6, 2, 6),
    v128.shuffle<f32>(s, t, 2, 6, 2, 6),
    0,
    1,
    4,
    5,
  );
  storePlane(target, size, planes, reds);
  storePlane(target, size, planes + 12, greens);
  storePlane(target, size, planes + 24, blues);
}

/** @param plane its entry in the table of planes */
function storePlane(target: usize, size: usize, plane: usize, values: v128): void {
  const scaled = f32x4.mul(values, v128.load32_splat(plane, 4));
  v128.store(target + <usize>load<u32>(plane) * size, f32x4.add(scaled, v128.load32_splat(plane, 8)));
}
