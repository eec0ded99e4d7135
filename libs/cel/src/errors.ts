/** One thing wrong with an expression. */
export interface Issue {
  /** Offset into the source; negative for what is wrong with the whole. */
  readonly at: number;
  readonly message: string;
}

/** Upstream's bound of what is told of one expression. */
export const mostShown = 100;

/** An expression that does not compile. Its message lists every issue as upstream does, each with the line and a mark below it. */
export class CompileError extends Error {
  readonly issues: readonly Issue[];

  constructor(source: string, issues: readonly Issue[]) {
    const sorted = issues.toSorted((a, b) => a.at - b.at);
    const shown = sorted.slice(0, mostShown).map((issue) => describe(source, issue));
    const more = sorted.length > mostShown ? [`${sorted.length - mostShown} more errors were truncated`] : [];
    super([...shown, ...more].join('\n'));
    this.name = 'CompileError';
    this.issues = sorted;
  }
}

function describe(source: string, { at, message }: Issue): string {
  if (source === '') return `ERROR: <input>:1:0: ${message}`;
  if (at < 0) return `ERROR: <input>:-1:0: ${message}`;
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const text = (source.slice(start).split('\n')[0] ?? '').replaceAll('\t', ' ');
  const column = [...source.slice(start, at)].length;
  const marks = Array.from(source.slice(start, at), (char) => (isWide(char) ? '．' : '.')).join('');
  const mark = isWide(source.slice(at)) ? '＾' : '^';
  const told = `ERROR: <input>:${line}:${column + 1}: ${message}`;
  return text.length > longestLine ? told : `${told}\n | ${text}\n | ${marks}${mark}`;
}

/** Lines beyond that are not shown. */
const longestLine = 16_384;

/** Whether a character is marked by a wide one: whatever is not ASCII. */
function isWide(text: string): boolean {
  return text > '\u007f' && text.charCodeAt(0) > 0x7f;
}

/** An expression that cannot be computed for these values: `no such key: x`, `divide by zero`. */
export class EvaluationError extends Error {
  override name = 'EvaluationError';
}

/** Ends an evaluation at once, whatever operator is around it: it costs too much. */
export class CostExceeded extends Error {
  override name = 'CostExceeded';

  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

/** No overload fits these values; upstream's words, which its callers look for. */
export function noSuchOverload(): EvaluationError {
  return new EvaluationError('no such overload');
}

/** An expression that compiles, but of which no program can be made: a constant in it cannot be what it is used as. */
export class PlanError extends Error {
  override name = 'PlanError';

  constructor(why: string) {
    super(`program instantiation failed: ${why}`);
  }
}
