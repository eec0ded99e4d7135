import { errorMessage } from '@keelson/base';
import { fromCel, type Program } from '@keelson/cel';
import type { KubeObject } from '@keelson/client';
import { applyJsonPatch, copyOf, equal, forbidden, type JsonPatchOperation, overlay } from '@keelson/machinery';
import { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, type Mutation } from '@keelson/types';
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
  return {
    name: 'MutatingAdmissionPolicy',
    async admit(attributes) {
      const { registry, store, object } = attributes;
      if (!object || registry.of(MutatingAdmissionPolicyBinding).cache.size === 0 || isExempt(store.kind)) return;
      const mutator = new Mutator(deps, attributes);
      const pairs = boundTo(attributes, MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding);
      let lastChange: Pair | undefined;
      for (const pair of pairs) if (await mutator.mutate(pair)) lastChange = pair;
      // What ran before somebody else changed the object may want another look, once.
      for (const pair of pairs) {
        if (lastChange === undefined || pair === lastChange) break;
        if (pair.policy.spec?.reinvocationPolicy === 'IfNeeded') await mutator.mutate(pair);
      }
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

  constructor(deps: MutatingPolicyDeps, attributes: AdmissionAttributes) {
    this.#deps = deps;
    this.#attributes = attributes;
    this.#decisions = new Decisions(deps.authorize, attributes.user);
  }

  /** Resolves to whether the object was changed. @throws StatusError when the policy fails, and that matters. */
  async mutate({ policy, binding, version }: Pair): Promise<boolean> {
    const attributes = this.#attributes;
    const before = copyOf(attributes.object);
    try {
      for (const params of paramsOf(policy.spec?.paramKind, binding.spec?.paramRef, attributes)) {
        const shown = await shownIn(attributes, version);
        if (await this.#change(policy, shown, params)) await takeBack(attributes, shown);
      }
    } catch (error) {
      if (before && attributes.object) replace(attributes.object, before);
      if (policy.spec?.failurePolicy === 'Ignore') return false;
      const lead = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request`;
      throw forbidden(attributes.store.groupResource, attributes.name, `${lead}: ${errorMessage(error)}`);
    }
    return !equal(attributes.object, before);
  }

  /** Resolves to whether the policy's conditions hold; then what it wants was done to the shown object. */
  async #change(policy: MutatingAdmissionPolicy, shown: AdmissionAttributes, params: unknown): Promise<boolean> {
    const given = (): Values => ({ ...valuesOf(shown), ...this.#decisions.variables(shown), params });
    const conditions = await this.#decisions.settle(() => checkConditions(policy.spec?.matchConditions, given(), 'policy'));
    if (conditions.type === 'unmet') return false;
    if (conditions.type === 'failed') throw new Error(conditions.why);
    const programs = programsOf(policy);
    for (const mutation of policy.spec?.mutations ?? []) {
      const program = mutationProgram(programs, mutation);
      const wanted = await this.#decisions.settle(() => {
        const budget = new Budget(policyBudget);
        const found = budget.attempt(program, programs.withVariables(given(), budget));
        if (found.type === 'failed') throw found.error;
        return fromCel(found.value);
      });
      await this.#apply(shown, mutation, wanted);
    }
    return true;
  }

  async #apply(shown: AdmissionAttributes, { patchType }: Mutation, wanted: unknown): Promise<void> {
    const object = shown.object as KubeObject;
    const next =
      patchType === 'JSONPatch'
        ? applyJsonPatch(copyOf(object), wanted as JsonPatchOperation[])
        : await overlaid(shown, object, wanted as object);
    replace(object, this.#deps.reshape(shown, next as KubeObject));
  }
}

/** The object with what a policy wants of it, lists merged by their keys. */
async function overlaid({ registry, store }: AdmissionAttributes, object: KubeObject, wanted: object): Promise<object> {
  const { apiVersion } = store.kind;
  const type = (await registry.fields.of(store)).type(apiVersion);
  if (!type) throw new Error(`no corresponding type for ${apiVersion}, Kind=${store.kind.kind}`);
  return overlay(copyOf(object), wanted, type);
}
