import {
  equal,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  invalidBy,
  isDNS1123Subdomain,
  isQualifiedName,
  path,
  validateAnnotations,
  validateLabels,
} from '@keelson/machinery';
import type { Pod, PodSpec, PodTemplateSpec } from '@keelson/types';
import { containersErrors } from './container-validation.ts';
import { podSecurityErrors } from './pod-security-validation.ts';
import { volumeErrors } from './volume-validation.ts';

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];

export function podErrors({ spec }: Pod): FieldError[] {
  return [...podSpecErrors(spec, path('spec')), ...(spec ? gateErrors(spec, path('spec')) : [])];
}

function gateErrors({ schedulingGates = [], nodeName }: PodSpec, at: FieldPath): FieldError[] {
  const names = schedulingGates.map(({ name }) => name);
  const errors = schedulingGates.flatMap(({ name }, index) => {
    const where = at.child('schedulingGates').index(index);
    if (names.indexOf(name) < index) return [fieldDuplicate(where, name)];
    return invalidBy(isQualifiedName(name), where, name);
  });
  if (nodeName && names.length > 0)
    errors.push(fieldForbidden(at.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'));
  return errors;
}

export function podTemplateErrors(template: PodTemplateSpec | undefined, at: FieldPath): FieldError[] {
  if (!template) return [fieldRequired(at)];
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const where = at.child('metadata');
  return [
    ...validateLabels(labels, where.child('labels')),
    ...validateAnnotations(annotations, where.child('annotations')),
    ...podSpecErrors(template.spec, at.child('spec')),
  ];
}

export function podSpecErrors(spec: PodSpec | undefined, at: FieldPath): FieldError[] {
  if (!spec) return [fieldRequired(at.child('containers'))];
  const errors = [
    ...volumeErrors(spec.volumes ?? [], at.child('volumes')),
    ...containersErrors(spec, at),
    ...podSecurityErrors(spec, at.child('securityContext')),
  ];
  if (!restartPolicies.includes(spec.restartPolicy ?? ''))
    errors.push(unsupported(at.child('restartPolicy'), spec.restartPolicy, restartPolicies));
  if (!dnsPolicies.includes(spec.dnsPolicy ?? '')) errors.push(unsupported(at.child('dnsPolicy'), spec.dnsPolicy, dnsPolicies));
  for (const member of ['terminationGracePeriodSeconds', 'activeDeadlineSeconds'] as const) {
    const value = spec[member];
    if (value !== undefined && value < 0) errors.push(fieldInvalid(at.child(member), value, 'must be greater than or equal to 0'));
  }
  for (const member of ['nodeName', 'serviceAccountName', 'priorityClassName', 'runtimeClassName'] as const) {
    const value = spec[member];
    if (value) for (const message of isDNS1123Subdomain(value)) errors.push(fieldInvalid(at.child(member), value, message));
  }
  errors.push(...validateLabels(spec.nodeSelector ?? {}, at.child('nodeSelector')), ...tolerationErrors(spec, at.child('tolerations')));
  return errors;
}

function unsupported(at: FieldPath, value: string | undefined, supported: readonly string[]): FieldError {
  return value ? fieldUnsupported(at, value, supported) : fieldRequired(at);
}

const effects = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];
const operators = ['Equal', 'Exists'];

function tolerationErrors({ tolerations = [] }: PodSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { key, operator, value, effect, tolerationSeconds }] of tolerations.entries()) {
    const where = at.index(index);
    if (operator && !operators.includes(operator)) errors.push(fieldUnsupported(where.child('operator'), operator, operators));
    if (!key && operator !== 'Exists')
      errors.push(
        fieldInvalid(
          where.child('operator'),
          operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (operator === 'Exists' && value)
      errors.push(fieldInvalid(where.child('operator'), value, "value must be empty when `operator` is 'Exists'"));
    if (effect && !effects.includes(effect)) errors.push(fieldUnsupported(where.child('effect'), effect, effects));
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.push(fieldInvalid(where.child('effect'), effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  return errors;
}

const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A pod's spec is what it was created with, but for images, deadlines, added tolerations, and its first node. */
export function podUpdateErrors(next: Pod, old: Pod): FieldError[] {
  const at = path('spec');
  const before = structuredClone(old.spec);
  const after = structuredClone(next.spec);
  for (const member of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (after[member] ?? []).entries()) container.image = before[member]?.[index]?.image;
  }
  after.activeDeadlineSeconds = before.activeDeadlineSeconds;
  const kept = (before.tolerations ?? []).every((toleration) => (after.tolerations ?? []).some((one) => equal(one, toleration)));
  if (kept) after.tolerations = before.tolerations;
  const gates = before.schedulingGates ?? [];
  if (gates.length > 0) {
    const widened = Object.entries(before.nodeSelector ?? {}).filter(([key, value]) => after.nodeSelector?.[key] !== value);
    if (widened.length > 0)
      return [
        fieldInvalid(
          at.child('nodeSelector'),
          after.nodeSelector,
          'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
        ),
      ];
    after.nodeSelector = before.nodeSelector;
    after.affinity = before.affinity;
  }
  for (const [index, { name }] of (after.schedulingGates ?? []).entries())
    if (!gates.some((gate) => gate.name === name)) {
      const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
      return [fieldForbidden(at.child('schedulingGates').index(index), detail)];
    }
  after.schedulingGates = before.schedulingGates;
  if (!before.nodeName && after.nodeName) after.nodeName = before.nodeName;
  if (!equal(after, before)) return [fieldForbidden(at, changeable)];
  const [was, is] = [old.spec.activeDeadlineSeconds, next.spec.activeDeadlineSeconds];
  if (was !== undefined && is === undefined)
    return [fieldInvalid(at.child('activeDeadlineSeconds'), is, 'must not update from a positive integer to nil value')];
  if (was !== undefined && is !== undefined && is > was)
    return [fieldInvalid(at.child('activeDeadlineSeconds'), is, 'must be less than or equal to previous value')];
  return [];
}
