import { type Checked, check, type Scope } from './check.ts';
import type { Range } from './costs.ts';
import { CompileError, CostExceeded, EvaluationError } from './errors.ts';
import { estimate } from './estimate.ts';
import type { Sizes } from './estimate-sizes.ts';
import { parse } from './parser.ts';
import { plan } from './plan.ts';
import { Run, type Step } from './steps.ts';
import { type CelType, typeText } from './types.ts';
import { validate } from './validate.ts';

/** How an evaluation ended, and what it cost. */
export type Evaluation =
  | { readonly type: 'value'; readonly value: unknown; readonly cost: number }
  | { readonly type: 'error'; readonly error: Error; readonly cost: number };

/** What one evaluation may cost: upstream's bound for a call, about a tenth of a second there. */
export const perCallLimit: number = 1_000_000;

/** A compiled expression. */
export class Program {
  readonly source: string;
  readonly checked: Checked;
  readonly #step: Step;

  /** @throws CompileError listing everything that is wrong, PlanError when only its constants are. */
  constructor(source: string, scope: Scope) {
    this.source = source;
    this.checked = check(parse(source, scope.bind), scope);
    if (this.checked.issues.length > 0) throw new CompileError(source, this.checked.issues);
    const more = validate(this.checked);
    if (more.length > 0) throw new CompileError(source, more);
    this.#step = plan(this.checked);
  }

  get type(): CelType {
    return this.checked.type;
  }

  /** As messages name it: `bool`. */
  get typeText(): string {
    return typeText(this.type, true);
  }

  /** Whether a variable of this name stands anywhere in it. */
  mentions(name: string): boolean {
    return [...this.checked.types.keys()].some((expr) => expr.kind === 'ident' && expr.name === name);
  }

  /** What it costs at least and at most. @param sizes of variables and their parts; those not known have no bound */
  estimate(sizes: Sizes = () => undefined): Range {
    return estimate(this.checked, sizes);
  }

  /**
   * Never throws what the expression is to blame for. What a variable or function throws besides is thrown on at once.
   * @param limit what it may cost.
   */
  evaluate(variables: Readonly<Record<string, unknown>>, limit: number = perCallLimit): Evaluation {
    const run = new Run(variables, limit);
    try {
      const value = this.#step(run);
      return { type: 'value', value, cost: run.cost };
    } catch (error) {
      if (error instanceof EvaluationError || error instanceof CostExceeded) return { type: 'error', error, cost: run.cost };
      throw error;
    }
  }

  /** @throws EvaluationError when it cannot be computed, CostExceeded when it costs too much. */
  run(variables: Readonly<Record<string, unknown>>, limit: number = perCallLimit): unknown {
    const found = this.evaluate(variables, limit);
    if (found.type === 'error') throw found.error;
    return found.value;
  }
}
