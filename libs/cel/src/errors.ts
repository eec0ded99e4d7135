/** One thing wrong with an expression. */
export interface Issue {
  /** Offset into the source. */
  readonly at: number;
  readonly message: string;
}

/** An expression that does not compile. Its message lists every issue as upstream does, each with the line and a mark below it. */
export class CompileError extends Error {
  readonly issues: readonly Issue[];

  constructor(source: string, issues: readonly Issue[]) {
    super(issues.map((issue) => describe(source, issue)).join('\n'));
    this.name = 'CompileError';
    this.issues = issues;
  }
}

function describe(source: string, { at, message }: Issue): string {
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const text = (source.slice(start).split('\n')[0] ?? '').replaceAll('\t', ' ');
  const column = [...source.slice(start, at)].length;
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text}\n | ${'.'.repeat(column)}^`;
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
