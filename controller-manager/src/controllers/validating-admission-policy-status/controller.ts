import { type ControllerDefinition, defineController, mapped, self } from '@keelson/runtime';
import { CustomResourceDefinition, ValidatingAdmissionPolicy } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import { isGone } from '../../api-errors.ts';
import { kindTypes } from './kinds.ts';
import { planStatus } from './plan.ts';

/** Says in each ValidatingAdmissionPolicy's status which of its expressions are wrong for the kinds that it is about. */
export function validatingAdmissionPolicyStatusController(workers: number): ControllerDefinition {
  return defineController({
    name: 'validatingadmissionpolicy-status',
    reads: [ValidatingAdmissionPolicy, CustomResourceDefinition],
    writes: ['validatingadmissionpolicies/status'],
    triggers: [
      self(ValidatingAdmissionPolicy, ({ type }) => type !== 'deleted'),
      // What a policy is about may be defined, or defined otherwise, after it.
      mapped(CustomResourceDefinition, ({ spec }, stores) =>
        stores
          .of(ValidatingAdmissionPolicy)
          .list()
          .filter((policy) => isAbout(policy, spec.group))
          .flatMap(({ metadata }) => (metadata.name ? [metadata.name] : [])),
      ),
    ],
    workers,
    async reconcile(name, { of, api }) {
      const policy = of(ValidatingAdmissionPolicy).get(name);
      if (!policy) return undefined;
      const status = planStatus(policy, kindTypes(await loadSchemas(), of(CustomResourceDefinition).list()));
      try {
        if (status) await api.update(ValidatingAdmissionPolicy, { ...policy, status }, { subresource: 'status' });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}

function isAbout({ spec }: ValidatingAdmissionPolicy, group: string): boolean {
  const rules = spec?.matchConstraints?.resourceRules ?? [];
  return rules.some(({ apiGroups }) => apiGroups?.includes(group)) || (spec?.paramKind?.apiVersion ?? '').startsWith(`${group}/`);
}
