import { type FieldError, fieldInvalid, path } from '@keelson/machinery';
import type { Deployment, ReplicaSet } from '@keelson/types';
import { nonNegative } from '../field-checks.ts';
import { collisionErrors } from './workload-validation.ts';

const at = path('status');

export function replicaSetStatusErrors({ status }: ReplicaSet): FieldError[] {
  if (!status) return [];
  const counts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return [...nonNegative(status, at, 'replicas', ...counts, 'observedGeneration', 'terminatingReplicas'), ...countErrors(status, counts)];
}

export function deploymentStatusErrors({ status }: Deployment, old: Deployment): FieldError[] {
  if (!status) return [];
  const counts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;
  const others = ['observedGeneration', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount'] as const;
  return [
    ...nonNegative(status, at, 'replicas', ...counts, ...others),
    ...countErrors(status, counts),
    ...collisionErrors(status, old.status, at),
  ];
}

interface Counts {
  readonly replicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
}

/** Of the pods that are there, these are some; those that are available are ready. */
export function countErrors<T extends Counts>(status: T, counts: readonly (keyof T & string)[]): FieldError[] {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const above = counts.filter((count) => Number(status[count] ?? 0) > replicas);
  const errors = above.map((count) => fieldInvalid(at.child(count), status[count], 'cannot be greater than status.replicas'));
  if (availableReplicas <= readyReplicas) return errors;
  return [...errors, fieldInvalid(at.child('availableReplicas'), availableReplicas, 'cannot be greater than readyReplicas')];
}
