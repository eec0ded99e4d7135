import { errorMessage } from '@keelson/base';
import { entryOf, fromCel, type Program, structNameFault } from '@keelson/cel';
import type { KubeObject } from '@keelson/client';
import {
  applyJsonPatch,
  copyOf,
  equal,
  forbidden,
  type JsonPatchOperation,
  JsonPatchTestFailed,
  overlay,
  StatusError,
} from '@keelson/machinery';
import { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, type Mutation } from '@keelson/types';
import { Rounds } from '../../admission/rounds.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/types.ts';
import type { Services } from '../../http/services.ts';
import { Budget, policyBudget } from '../cel/budget.ts';
import { Decisions } from '../cel/decisions.ts';
import { checkConditions } from '../webhooks/conditions.ts';
import { replace, shownIn, takeBack } from '../webhooks/equivalents.ts';
import { type Bound, boundTo, paramsOf, valuesOf } from './bindings.ts';
import { isExempt } from './exempt.ts';
import { mutationTypes, type PolicyPrograms, programsOf, type Values } from './program.ts';

export interface MutatingPolicyDeps {
  readonly authorize: Services['authorize'];
  /** Brings a mutated object back into its kind's shape. @throws StatusError when it has none. */
  reshape(attributes: AdmissionAttributes, object: KubeObject): KubeObject;
}

type Pair = Bound<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding>;

/** `MutatingAdmissionPolicy`: changes in CEL to every write they are bound to. */
export function mutatingPolicies(deps: MutatingPolicyDeps): AdmissionPlugin {
  const name = 'MutatingAdmissionPolicy';
  return {
    name,
    async admit(attributes) {
      const { registry, store, object } = attributes;
      if (!object || registry.of(MutatingAdmissionPolicyBinding).cache.size === 0 || isExempt(store.kind)) return;
      const mutator = new Mutator(deps, attributes);
      const pairs = boundTo(attributes, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding);
      const again = (attributes.rounds ?? new Rounds()).of(name);
      again.begin(object);
      for (const pair of pairs) {
        const key = `${pair.policy.metadata.name}/${pair.binding.metadata.name}`;
        if (!again.takes(key)) continue;
        const changed = await mutator.mutate(pair);
        again.asked(key, { changed, again: pair.policy.spec?.reinvocationPolicy === 'IfNeeded' });
      }
      again.end(object);
      mutator.refuse();
    },
  };
}

function mutationProgram(programs: PolicyPrograms, mutation: Mutation): Program {
  const { patchType, jsonPatch, applyConfiguration } = mutation;
  const expression = patchType === 'JSONPatch' ? jsonPatch?.expression : applyConfiguration?.expression;
  return programs.of(expression ?? '', mutationTypes(mutation));
}

/** Policies' changes to one write. */
class Mutator {
  readonly #deps: MutatingPolicyDeps;
  readonly #attributes: AdmissionAttributes;
  readonly #decisions: Decisions;
  readonly #failures: { readonly message: string; readonly reason: string }[] = [];

  constructor(deps: MutatingPolicyDeps, attributes: AdmissionAttributes) {
    this.#deps = deps;
    this.#attributes = attributes;
    this.#decisions = new Decisions(deps.authorize, attributes.user);
  }

  /** Resolves to whether the object was changed. What fails is kept for `refuse`, where it matters; the rest is done. */
  async mutate(pair: Pair): Promise<boolean> {
    const attributes = this.#attributes;
    const before = copyOf(attributes.object);
    for (const params of this.#paramsOf(pair)) {
      const shown = await shownIn(attributes, pair.version);
      if (await this.#change(pair, shown, params)) await takeBack(attributes, shown);
    }
    return !equal(attributes.object, before);
  }

  /** @throws StatusError when something failed that matters: its message is the first's, its causes are all. */
  refuse(): void {
    const [first] = this.#failures;
    if (!first) return;
    const { status } = forbidden(this.#attributes.store.groupResource, this.#attributes.name, first.message);
    const causes = this.#failures.map(({ message }) => ({ message }));
    throw new StatusError({ ...status, ...first, details: { ...status.details, causes } });
  }

  #fail({ policy, binding }: Pair, why: string, reason: string): void {
    if (policy.spec?.failurePolicy === 'Ignore') return;
    const message = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${why}`;
    this.#failures.push({ message, reason });
  }

  #paramsOf(pair: Pair): readonly unknown[] {
    const { policy, binding } = pair;
    try {
      return paramsOf(policy.spec?.paramKind, binding.spec?.paramRef, this.#attributes);
    } catch (error) {
      this.#fail(pair, `failed to configure binding: ${errorMessage(error)}`, 'Forbidden');
      return [];
    }
  }

  /** Resolves to whether the policy's conditions hold; then what it wants was done to the shown object, as far as it could be. */
  async #change(pair: Pair, shown: AdmissionAttributes, params: unknown): Promise<boolean> {
    const { policy } = pair;
    const given = (): Values => ({ ...valuesOf(shown), ...this.#decisions.variables(shown), params });
    const conditions = await this.#decisions.settle(() => checkConditions(policy.spec?.matchConditions, given(), 'policy'));
    if (conditions.type === 'failed') this.#fail(pair, conditions.why, 'Invalid');
    if (conditions.type !== 'met') return false;
    for (const mutation of policy.spec?.mutations ?? []) {
      try {
        await this.#apply(shown, mutation, await this.#wanted(policy, mutation, given));
      } catch (error) {
        if (error instanceof StatusError) throw error;
        this.#fail(pair, errorMessage(error), 'Invalid');
      }
    }
    return true;
  }

  /** What a mutation's expression comes to. @throws Error saying why there is nothing */
  #wanted(policy: MutatingAdmissionPolicy, mutation: Mutation, given: () => Values): Promise<unknown> {
    const programs = programsOf(policy);
    const program = mutationProgram(programs, mutation);
    return this.#decisions.settle(() => {
      const budget = new Budget(policyBudget);
      const found = budget.attempt(program, programs.withVariables(given(), budget));
      if (found.type === 'failed') throw found.error;
      return found.value;
    });
  }

  async #apply(shown: AdmissionAttributes, { patchType }: Mutation, wanted: unknown): Promise<void> {
    const object = shown.object as KubeObject;
    const next = patchType === 'JSONPatch' ? patched(object, wanted as readonly unknown[]) : await overlaid(shown, object, wanted);
    replace(object, this.#deps.reshape(shown, next as KubeObject));
  }
}

/** @throws Error in upstream's words; a `test` that fails is none, and leaves all as it was. */
function patched(object: KubeObject, operations: readonly unknown[]): unknown {
  for (const operation of operations) checkNames(entryOf(operation, 'value'));
  try {
    return applyJsonPatch(copyOf(object), fromCel(operations) as JsonPatchOperation[]);
  } catch (error) {
    if (error instanceof JsonPatchTestFailed) return object;
    throw new Error(`JSON Patch: ${errorMessage(error)}`, { cause: error });
  }
}

function checkNames(value: unknown): void {
  const fault = structNameFault(value);
  if (fault !== undefined) throw new Error(`type mismatch: ${fault}`);
}

/** The object with what a policy wants of it, lists merged by their keys. @throws Error in upstream's words */
async function overlaid({ registry, store }: AdmissionAttributes, object: KubeObject, wanted: unknown): Promise<object> {
  checkNames(wanted);
  const { apiVersion } = store.kind;
  const type = (await registry.fields.of(store)).type(apiVersion);
  if (!type) throw new Error(`no corresponding type for ${apiVersion}, Kind=${store.kind.kind}`);
  try {
    return overlay(copyOf(object), fromCel(wanted) as object, type);
  } catch (error) {
    throw new Error(`error applying patch: ${errorMessage(error)}`, { cause: error });
  }
}
