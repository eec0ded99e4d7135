import { type FieldError, fieldForbidden, fieldInvalid, path } from '@keelson/machinery';
import { Lease } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';

export const leaseKind: KindDefinition<Lease> = {
  kind: Lease,
  createOnUpdate: true,
  conditionalUpdateOnly: true,
  dropUnserved({ spec }, old) {
    if (!spec || old?.spec?.strategy || old?.spec?.preferredHolder) return;
    delete spec.strategy;
    delete spec.preferredHolder;
  },
  validate({ spec }) {
    const errors: FieldError[] = [];
    const { leaseDurationSeconds, leaseTransitions } = spec ?? {};
    if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
      errors.push(fieldInvalid(path('spec', 'leaseDurationSeconds'), leaseDurationSeconds, 'must be greater than 0'));
    if (leaseTransitions !== undefined && leaseTransitions < 0)
      errors.push(fieldInvalid(path('spec', 'leaseTransitions'), leaseTransitions, 'must be greater than or equal to 0'));
    const { preferredHolder, strategy } = spec ?? {};
    if (preferredHolder && !strategy)
      errors.push(fieldForbidden(path('spec', 'preferredHolder'), 'may only be specified when strategy is defined'));
    return errors;
  },
  columns: [nameColumn, { name: 'Holder', type: 'string', cell: ({ spec }) => spec?.holderIdentity ?? '' }, ageColumn],
};
