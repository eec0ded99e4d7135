import { admissionScope, compiledVariables, dyn, mutationScope, type NamedProgram, type Program, type Scope } from '@keelson/cel';
import type { Mutation, ObjectMeta, Variable } from '@keelson/types';
import type { Budget } from '../cel/budget.ts';
import { compileProblem, typedProgram } from '../cel/conditions.ts';
import type { Values } from '../webhooks/conditions.ts';

export type { Values } from '../webhooks/conditions.ts';

/** What an audit annotation's expression must come to. Null says that there is nothing to tell. */
export const annotationTypes: readonly string[] = ['string', 'null_type'];

/** What a mutation's expression must come to. */
export function mutationTypes({ patchType }: Mutation): readonly string[] {
  return patchType === 'JSONPatch' ? ['list(JSONPatch)', 'list(dyn)'] : ['Object'];
}

/** What of a policy its expressions depend on. */
export interface PolicySource {
  readonly paramKind?: unknown;
  /** Of policies that mutate. */
  readonly mutations?: unknown;
  readonly variables?: readonly Variable[] | undefined;
}

/** The compiled expressions of one policy. */
export class PolicyPrograms {
  readonly #scope: Scope;
  readonly #variables: readonly NamedProgram[];
  readonly #programs = new Map<string, Program>();

  constructor({ paramKind, variables = [], mutations }: PolicySource) {
    const scope = admissionScope({ namespace: true, ...(paramKind ? { params: dyn } : {}) });
    const compiled = compiledVariables(mutations ? mutationScope(scope) : scope, variables);
    this.#scope = compiled.scope;
    this.#variables = compiled.programs;
  }

  /** Why a variable does not compile; undefined when it does. */
  variableProblem(name: string): string | undefined {
    const found = this.#variables.find((one) => one.name === name)?.program;
    return found && 'problem' in found ? `compilation failed: ${found.problem}` : undefined;
  }

  /** @throws Error saying why the expression is none, or is not exactly of one of these types. */
  of(expression: string, types: readonly string[]): Program {
    const key = `${types.join()} ${expression}`;
    const known = this.#programs.get(key);
    if (known) return known;
    const made = typedProgram(expression, this.#scope, types);
    this.#programs.set(key, made);
    return made;
  }

  /** Why an expression does not compile; undefined when it does. */
  problemOf(expression: string, types: readonly string[]): string | undefined {
    try {
      this.of(expression, types);
      return undefined;
    } catch (error) {
      return compileProblem(error);
    }
  }

  /** The values with `variables` beside them, each computed when first asked for, from those before it. */
  withVariables(values: Values, budget: Budget): Values {
    const lazy = {};
    const all = { ...values, variables: lazy };
    for (const { name, program } of this.#variables) {
      let known: { readonly value: unknown } | undefined;
      const get = (): unknown => {
        known ??= { value: budget.variable(name, program, all) };
        return known.value;
      };
      Object.defineProperty(lazy, name, { enumerable: true, get });
    }
    return all;
  }
}

const compiled = new Map<string, PolicyPrograms>();
const mostCompiled = 1000;

/** The policy's programs, kept as long as it stays as it is. */
export function programsOf({
  metadata,
  spec,
}: {
  readonly metadata: ObjectMeta;
  readonly spec?: PolicySource | undefined;
}): PolicyPrograms {
  const key = `${metadata.uid}@${metadata.resourceVersion}`;
  const known = compiled.get(key);
  if (known) return known;
  const made = new PolicyPrograms(spec ?? {});
  if (compiled.size >= mostCompiled) compiled.clear();
  compiled.set(key, made);
  return made;
}
