/** Two texts and what they are called. */
export interface Compared {
  readonly before: { readonly name: string; readonly text: string };
  readonly after: { readonly name: string; readonly text: string };
  /** Lines shown around each change. */
  readonly context: number;
}

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** How one text becomes the other, as `diff -u` shows it; empty when they are the same. Takes time by the product of their lengths. */
export function unified({ before, after, context }: Compared): string {
  const lines = changes(linesOf(before.text), linesOf(after.text));
  const hunks = hunksOf(lines, context);
  if (hunks.length === 0) return '';
  return [`--- ${before.name}`, `+++ ${after.name}`, ...hunks.flatMap(([from, to]) => hunk(lines, from, to))]
    .map((line) => `${line}\n`)
    .join('');
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** By the longest common subsequence; what goes stands before what comes. */
function changes(a: readonly string[], b: readonly string[]): Line[] {
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (common[i] as number[])[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ mark: ' ', text: a[i++] ?? '' });
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) lines.push({ mark: '-', text: a[i++] ?? '' });
    else lines.push({ mark: '+', text: b[j++] ?? '' });
  }
  return lines;
}

/** Stretches of changed lines with so many around them, from and to. */
function hunksOf(lines: readonly Line[], context: number): [number, number][] {
  const hunks: [number, number][] = [];
  for (const [at, { mark }] of lines.entries()) {
    if (mark === ' ') continue;
    const [from, to] = [Math.max(0, at - context), Math.min(lines.length, at + context + 1)];
    const last = hunks.at(-1);
    if (last && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks;
}

function hunk(lines: readonly Line[], from: number, to: number): string[] {
  const part = lines.slice(from, to);
  const range = (without: '-' | '+'): string => {
    const count = part.filter(({ mark }) => mark !== without).length;
    const start = lines.slice(0, from).filter(({ mark }) => mark !== without).length + (count > 0 ? 1 : 0);
    return count === 1 ? String(start) : `${start},${count}`;
  };
  return [`@@ -${range('+')} +${range('-')} @@`, ...part.map(({ mark, text }) => `${mark}${text}`)];
}
