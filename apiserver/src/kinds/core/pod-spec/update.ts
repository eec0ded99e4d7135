import { equal, type FieldPath, isConditionTrue } from '@keelson/machinery';
import type { Container, Pod, PodSpec, Toleration } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkGatedPlacement } from './gated-update.ts';

const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A pod's spec is what it was created with, but for images, deadlines, added tolerations, and gates that go. `at` is the spec. */
export function checkPodUpdate(pod: Pod, before: Pod, at: FieldPath, report: Report): void {
  const [next, old] = [pod.spec, before.spec];
  if (equal(next, old)) return;
  for (const member of ['containers', 'initContainers'] as const)
    if ((next[member] ?? []).length !== (old[member] ?? []).length) {
      report.forbidden(at, member, 'pod updates may not add or remove containers');
      return;
    }
  if (!checkDeadline(next.activeDeadlineSeconds, old.activeDeadlineSeconds, at, report)) return;
  if (!onlyAdded(next.tolerations ?? [], old.tolerations ?? []))
    report.forbidden(at, 'tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  checkGates(next, old, at, report);
  const kept: PodSpec = {
    ...next,
    containers: withImages(next.containers, old.containers),
    initContainers: next.initContainers && withImages(next.initContainers, old.initContainers ?? []),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
  };
  const grace = old.terminationGracePeriodSeconds ?? 0;
  if (isBinding(pod, before)) kept.nodeName = old.nodeName;
  if (grace < 0 && next.terminationGracePeriodSeconds === 1) kept.terminationGracePeriodSeconds = grace;
  if (old.schedulingGates?.length) checkGatedPlacement(kept, old, at, report);
  if (!equal(kept, old)) report.forbidden(at, '', changeable);
}

/** Whoever changes a pod itself leaves its status as it was: only binding says together where a pod is and that it is scheduled. */
function isBinding(next: Pod, old: Pod): boolean {
  const isScheduled = ({ status }: Pod): boolean => isConditionTrue(status?.conditions, 'PodScheduled');
  return !old.spec.nodeName && isScheduled(next) && !isScheduled(old);
}

function withImages(next: readonly Container[], old: readonly Container[]): Container[] {
  return next.map((container, index) => ({ ...container, image: old[index]?.image }));
}

/** @returns false where nothing else is worth looking at. */
function checkDeadline(next: number | undefined, old: number | undefined, at: FieldPath, report: Report): boolean {
  if (next === undefined) {
    if (old !== undefined) report.invalid(at, 'activeDeadlineSeconds', null, 'must not update from a positive integer to nil value');
    return true;
  }
  if (next < 0 || next > 2 ** 31 - 1) report.invalid(at, 'activeDeadlineSeconds', next, `must be between 0 and ${2 ** 31 - 1}, inclusive`);
  else if (old !== undefined && old < next)
    report.invalid(at, 'activeDeadlineSeconds', next, 'must be less than or equal to previous value');
  else return true;
  return false;
}

/** How long they hold may change. */
function onlyAdded(next: readonly Toleration[], old: readonly Toleration[]): boolean {
  const lasting = next.map((toleration) => ({ ...toleration, tolerationSeconds: undefined }));
  return old.every((toleration) => lasting.some((one) => equal(one, { ...toleration, tolerationSeconds: undefined })));
}

function checkGates({ schedulingGates: next = [] }: PodSpec, { schedulingGates: old = [] }: PodSpec, at: FieldPath, report: Report): void {
  for (const [index, { name }] of next.entries())
    if (!old.some((gate) => gate.name === name))
      report.forbidden(at, `schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`);
}
