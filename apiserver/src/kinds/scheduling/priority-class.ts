import { type FieldError, fieldForbidden, path, validateImmutable } from '@keelson/machinery';
import { PriorityClass } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { requiredOneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

/** Above it is the system's. */
const highestUserPriority = 1_000_000_000;
const systemPrefix = 'system-';

/** The classes every cluster has from its start: nodes cannot work without pods of the first, clusters without pods of the second. */
export const systemPriorityClasses: readonly PriorityClass[] = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2 * highestUserPriority + 1000,
    globalDefault: false,
    description: 'Used for system critical pods that must not be moved from their current node.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2 * highestUserPriority,
    globalDefault: false,
    description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
];

export const priorityClassKind: KindDefinition<PriorityClass> = {
  kind: PriorityClass,
  generation: true,
  defaults(priorityClass) {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
    // Go writes a value of 0 too: the field is required there.
    priorityClass.value ??= 0;
  },
  validate(priorityClass) {
    const { metadata, value = 0, preemptionPolicy } = priorityClass;
    const errors: FieldError[] = [];
    if (metadata.name?.startsWith(systemPrefix)) errors.push(...systemNameErrors(priorityClass));
    else if (value > highestUserPriority)
      errors.push(fieldForbidden(path('value'), `maximum allowed value of a user defined priority is ${highestUserPriority}`));
    return [...errors, ...requiredOneOf(preemptionPolicy, ['PreemptLowerPriority', 'Never'], path('preemptionPolicy'))];
  },
  validateUpdate: (next, old) => [
    ...((next.value ?? 0) === (old.value ?? 0) ? [] : [fieldForbidden(path('value'), 'may not be changed in an update.')]),
    ...validateImmutable(next.preemptionPolicy, old.preemptionPolicy, path('preemptionPolicy')),
  ],
  columns: [
    nameColumn,
    { name: 'Value', type: 'integer', cell: ({ value }) => value ?? 0 },
    { name: 'Global-Default', type: 'boolean', cell: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    { name: 'PreemptionPolicy', type: 'string', cell: ({ preemptionPolicy }) => preemptionPolicy ?? '' },
  ],
};

/** Only the system's own classes have its names, and only as they are. */
function systemNameErrors({ metadata: { name }, value, globalDefault }: PriorityClass): FieldError[] {
  const known = systemPriorityClasses.find(({ metadata }) => metadata.name === name);
  const why = !known
    ? `${name} is not a known system priority class`
    : known.value !== value
      ? `value of ${name} PriorityClass must be ${known.value}`
      : globalDefault
        ? `globalDefault of ${name} PriorityClass must be false`
        : undefined;
  if (why === undefined) return [];
  const detail = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${why}`;
  return [fieldForbidden(path('metadata', 'name'), detail)];
}
