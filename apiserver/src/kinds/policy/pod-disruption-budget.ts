import { type FieldError, fieldInvalid, isPathSegment, path, validateLabelSelector } from '@keelson/machinery';
import { PodDisruptionBudget } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { conditionErrors, intOrPercent, nonNegative, oneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

export const podDisruptionBudgetKind: KindDefinition<PodDisruptionBudget> = {
  kind: PodDisruptionBudget,
  // Upstream looks at no more of the name than that it can stand in a path.
  name: isPathSegment,
  conditionalUpdateOnly: true,
  prepareCreate(budget) {
    budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  validate({ spec = {} }) {
    const at = path('spec');
    const errors: FieldError[] = [];
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
      errors.push(fieldInvalid(at, spec, 'minAvailable and maxUnavailable cannot be both set'));
    return [
      ...errors,
      ...intOrPercent(spec.minAvailable, at.child('minAvailable')),
      ...intOrPercent(spec.maxUnavailable, at.child('maxUnavailable')),
      ...validateLabelSelector(spec.selector, at.child('selector')),
      ...oneOf(spec.unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget'], at.child('unhealthyPodEvictionPolicy')),
    ];
  },
  status: {
    validateUpdate({ status = {} }) {
      const at = path('status');
      return [
        ...conditionErrors(status.conditions, at.child('conditions')),
        ...nonNegative(status, at, 'disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'),
      ];
    },
  },
  columns: [
    nameColumn,
    { name: 'Min Available', type: 'string', cell: ({ spec }) => String(spec.minAvailable ?? 'N/A') },
    { name: 'Max Unavailable', type: 'string', cell: ({ spec }) => String(spec.maxUnavailable ?? 'N/A') },
    { name: 'Allowed Disruptions', type: 'integer', cell: ({ status }) => status?.disruptionsAllowed ?? 0 },
    ageColumn,
  ],
};
