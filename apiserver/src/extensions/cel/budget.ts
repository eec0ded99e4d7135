import { errorMessage } from '@keelson/base';
import { EvaluationError, type Program } from '@keelson/cel';

/** What the expressions of one policy may cost for one request, all together. */
export const policyBudget = 10_000_000;
/** What match conditions may cost, all together. */
export const conditionsBudget = 2_500_000;
/** What the rules of a custom resource may cost for one write, all together. */
export const rulesBudget = 10_000_000;

export const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** No more can be computed for this request. */
export class BudgetExceeded extends Error {
  override name = 'BudgetExceeded';

  constructor() {
    super(outOfBudget);
  }
}

export type Attempt = { readonly type: 'value'; readonly value: unknown } | { readonly type: 'failed'; readonly error: Error };

type Values = Readonly<Record<string, unknown>>;

/** What is left to spend on the expressions of one request. */
export class Budget {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  /** @throws BudgetExceeded when it was not enough. */
  spend(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw new BudgetExceeded();
  }

  /** What an expression comes to; a failure's words are upstream's. @throws BudgetExceeded when there is nothing left. */
  attempt(program: Program, values: Values): Attempt {
    const found = program.evaluate(values);
    this.spend(found.cost);
    if (found.type === 'value') return found;
    return { type: 'failed', error: new Error(`expression '${program.source}' resulted in error: ${found.error.message}`) };
  }

  /** A variable's value, for the expression that names it. @throws EvaluationError within that one. */
  variable(name: string, program: Program | { readonly problem: string }, values: Values): unknown {
    if ('problem' in program) throw new EvaluationError(`composited variable ${JSON.stringify(name)} fails to compile: ${program.problem}`);
    const found = program.evaluate(values);
    this.#left -= found.cost;
    if (found.type === 'value') return found.value;
    throw new EvaluationError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${errorMessage(found.error)}`);
  }
}
