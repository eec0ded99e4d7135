import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldUnsupported } from '@keelson/machinery';
import type { LabelSelector, PodTemplateSpec } from '@keelson/types';

export function isEmptySelector({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions?.length ?? 0) === 0;
}

/** What a template may not say whose pods are meant to run for good. */
export function alwaysRunning(template: PodTemplateSpec | undefined, where: FieldPath, kind: string): FieldError[] {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  const errors: FieldError[] = [];
  if (template?.spec && restartPolicy !== 'Always')
    errors.push(fieldUnsupported(where.child('spec', 'restartPolicy'), restartPolicy ?? '', ['Always']));
  if (activeDeadlineSeconds !== undefined)
    errors.push(fieldForbidden(where.child('spec', 'activeDeadlineSeconds'), `activeDeadlineSeconds in ${kind} is not Supported`));
  return errors;
}

interface Collisions {
  readonly collisionCount?: number | undefined;
}

/** The count of hash collisions only grows. */
export function collisionErrors(next: Collisions | undefined, old: Collisions | undefined, where: FieldPath): FieldError[] {
  const [is, was] = [next?.collisionCount, old?.collisionCount];
  const shrunk = was !== undefined && (is === undefined || is < was);
  return shrunk ? [fieldInvalid(where.child('collisionCount'), is ?? 0, 'cannot be decremented')] : [];
}
