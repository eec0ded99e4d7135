import { type FieldError, fieldDuplicate, invalidBy, isDNS1123Label, path, validateImmutable, validateLabels } from '@keelson/machinery';
import { RuntimeClass, type Scheduling } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { checkTolerations } from '../core/pod-spec/tolerations.ts';
import { containerResourceNameErrors, resourceAmountErrors } from '../core/resource-names.ts';
import { Report } from '../report.ts';
import type { KindDefinition } from '../types.ts';

export const runtimeClassKind: KindDefinition<RuntimeClass> = {
  kind: RuntimeClass,
  createOnUpdate: true,
  conditionalUpdateOnly: true,
  validate({ handler = '', overhead, scheduling }) {
    const amounts = Object.entries(overhead?.podFixed ?? {});
    const limits = path('overhead', 'limits');
    return [
      ...invalidBy(isDNS1123Label(handler), path('handler'), handler),
      ...amounts.flatMap(([name, amount]) => [
        ...containerResourceNameErrors(name, limits.key(name)),
        ...resourceAmountErrors(name, amount, limits.key(name)),
      ]),
      ...(scheduling ? schedulingErrors(scheduling) : []),
    ];
  },
  validateUpdate: (next, old) => validateImmutable(next.handler, old.handler, path('handler')),
  columns: [nameColumn, { name: 'Handler', type: 'string', cell: ({ handler }) => handler }, ageColumn],
};

function schedulingErrors({ nodeSelector, tolerations = [] }: Scheduling): FieldError[] {
  const at = path('scheduling');
  const seen = new Set<string>();
  const errors = validateLabels(nodeSelector, at.child('nodeSelector'));
  const report = new Report();
  // The path is upstream's, wrong as it is.
  checkTolerations(tolerations, at.child('tolerations'), report);
  errors.push(...report.errors);
  for (const [index, toleration] of tolerations.entries()) {
    const { key = '', operator = '', value = '', effect = '' } = toleration;
    const identity = JSON.stringify([key, operator, value, effect]);
    if (seen.has(identity)) errors.push(fieldDuplicate(at.child('tolerations').index(index), toleration));
    seen.add(identity);
  }
  return errors;
}
