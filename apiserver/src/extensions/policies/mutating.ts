import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { applyJsonPatch, forbidden, type JsonPatchOperation } from '@keelson/machinery';
import { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, type Mutation } from '@keelson/types';
import { listObjects } from '../../admission/objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/types.ts';
import { withMapLiterals } from '../cel/construct.ts';
import { fromCel } from '../cel/values.ts';
import { checkConditions } from '../webhooks/conditions.ts';
import { replace, subjectOf } from '../webhooks/plugins.ts';
import { inScope, paramsOf, valuesOf } from './bindings.ts';
import { isExempt } from './exempt.ts';
import { programOf, withVariables } from './program.ts';

export interface MutatingPolicyDeps {
  /** Brings a mutated object back into its kind's shape. @throws StatusError when it has none. */
  reshape(attributes: AdmissionAttributes, object: KubeObject): KubeObject;
  /** The object with what a policy wants of it, lists merged by their keys. */
  merge(attributes: AdmissionAttributes, object: KubeObject, wanted: object): KubeObject;
}

/** `MutatingAdmissionPolicy`: changes in CEL to every write they are bound to. */
export function mutatingPolicies(deps: MutatingPolicyDeps): AdmissionPlugin {
  return {
    name: 'MutatingAdmissionPolicy',
    admit(attributes) {
      const { registry, store, object, name } = attributes;
      if (!object || registry.of(MutatingAdmissionPolicyBinding).cache.size === 0 || isExempt(store.kind)) return;
      for (const binding of listObjects(registry, MutatingAdmissionPolicyBinding)) {
        const policy = registry.read(MutatingAdmissionPolicy, '', binding.spec?.policyName ?? '');
        const subject = subjectOf(attributes);
        if (!policy || !inScope(binding.spec?.matchResources, subject, name)) continue;
        if (inScope(policy.spec?.matchConstraints, subject, name)) mutate(deps, policy, binding, attributes);
      }
    },
  };
}

function mutate(
  deps: MutatingPolicyDeps,
  policy: MutatingAdmissionPolicy,
  binding: MutatingAdmissionPolicyBinding,
  attributes: AdmissionAttributes,
): void {
  const { spec } = policy;
  try {
    const conditions = checkConditions(spec?.matchConditions, attributes);
    if (conditions.type === 'unmet') return;
    if (conditions.type === 'failed') throw new Error(conditions.why);
    for (const params of paramsOf(spec?.paramKind, binding.spec?.paramRef, attributes))
      for (const mutation of spec?.mutations ?? []) change(deps, mutation, params, policy, attributes);
  } catch (error) {
    if (spec?.failurePolicy === 'Ignore') return;
    const lead = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request`;
    throw forbidden(attributes.store.groupResource, attributes.name, `${lead}: ${errorMessage(error).split('\n')[0]}`);
  }
}

function change(
  deps: MutatingPolicyDeps,
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  params: unknown,
  { spec }: MutatingAdmissionPolicy,
  attributes: AdmissionAttributes,
): void {
  const object = attributes.object as KubeObject;
  const values = withVariables({ ...valuesOf(attributes), params }, spec?.variables ?? []);
  const compute = (expression: string): unknown => fromCel(programOf(withMapLiterals(expression))(values));
  const next =
    patchType === 'JSONPatch'
      ? applyJsonPatch(structuredClone(object), compute(jsonPatch?.expression ?? '[]') as JsonPatchOperation[])
      : deps.merge(attributes, structuredClone(object), compute(applyConfiguration?.expression ?? '{}') as object);
  replace(object, deps.reshape(attributes, next as KubeObject));
}
