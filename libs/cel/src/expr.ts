/** A literal's value: what the language can write down. */
export type Literal = null | boolean | bigint | number | string | Uint8Array | { readonly uint: bigint };

interface Place {
  /** Where messages point: the offset of the operator, dot, bracket or parenthesis, or of a name's first character. */
  readonly at: number;
}

export interface ConstExpr extends Place {
  readonly kind: 'const';
  readonly value: Literal;
}

export interface IdentExpr extends Place {
  readonly kind: 'ident';
  readonly name: string;
}

export interface SelectExpr extends Place {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** `has(operand.field)`. */
  readonly test: boolean;
}

/** A function, a method or, by names such as `_+_` and `_[_]`, an operator. */
export interface CallExpr extends Place {
  readonly kind: 'call';
  readonly fn: string;
  readonly target?: Expr;
  readonly args: readonly Expr[];
}

export interface ListExpr extends Place {
  readonly kind: 'list';
  readonly elements: readonly { readonly value: Expr; readonly optional: boolean }[];
}

export interface MapExpr extends Place {
  readonly kind: 'map';
  readonly entries: readonly { readonly key: Expr; readonly value: Expr; readonly optional: boolean }[];
}

/** `Object.spec{replicas: 3}`. */
export interface StructExpr extends Place {
  readonly kind: 'struct';
  readonly name: string;
  readonly entries: readonly { readonly field: string; readonly value: Expr; readonly optional: boolean; readonly at: number }[];
}

/** What macros such as `all` and `map` become: one step for each element, and what the steps come to. */
export interface FoldExpr extends Place {
  readonly kind: 'fold';
  readonly range: Expr;
  /** The variable of a list's element or a map's key; of an index or a key when there is a second. */
  readonly variable: string;
  /** The variable of the element or the value, in comprehensions of two variables. */
  readonly second?: string;
  readonly accumulator: string;
  readonly start: Expr;
  /** No more steps once it is false. */
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

export type Expr = ConstExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | FoldExpr;
