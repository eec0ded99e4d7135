/** The most goes to 100, the rest in proportion; all 0 when nothing was scored. */
export function scaleUp(rows: Int32Array, scores: Float64Array): void {
  const most = maximum(rows, scores);
  if (most === 0) return;
  for (const row of rows) scores[row] = Math.trunc((100 * (scores[row] ?? 0)) / most);
}

/** The most goes to 0, nothing to 100; all 100 when nothing was scored. */
export function scaleDown(rows: Int32Array, scores: Float64Array): void {
  const most = maximum(rows, scores);
  for (const row of rows) scores[row] = most === 0 ? 100 : 100 - Math.trunc((100 * (scores[row] ?? 0)) / most);
}

function maximum(rows: Int32Array, scores: Float64Array): number {
  let most = 0;
  for (const row of rows) most = Math.max(most, scores[row] ?? 0);
  return most;
}
