import { equal, type FieldError, type FieldPath, fieldForbidden, fieldInvalid, isSidecar, path, qosClass } from '@keelson/machinery';
import type { Container, Pod, ResourceRequirements } from '@keelson/types';
import type { PartRules } from '../types.ts';
import { mirror } from './pod-spec/annotations.ts';
import { podErrors } from './pod-validation.ts';

/**
 * `pods/<name>/resize`: what containers may use can be changed while they run. Of what is asked only resources and their policies are
 * taken; containers stay in the order in which they were named, so that a changed order is refused and not lost.
 */
export const resizePart: PartRules<Pod> = {
  take: ({ spec: asked }, old) => ({
    ...old,
    spec: {
      ...old.spec,
      containers: resized(old.spec.containers, asked?.containers),
      ...(old.spec.initContainers ? { initContainers: resized(old.spec.initContainers, asked?.initContainers) } : {}),
      ...(old.spec.resources || asked?.resources ? { resources: asked?.resources } : {}),
    },
  }),
  validateUpdate(next, old) {
    if (old.metadata.annotations?.[mirror] !== undefined) return [fieldForbidden(path(), 'static pods cannot be resized')];
    if (old.spec.os?.name === 'windows') return [fieldForbidden(path(), 'windows pods cannot be resized')];
    const errors = podErrors(next);
    if (qosClass(next) !== (old.status?.qosClass ?? qosClass(old)))
      errors.push(fieldInvalid(at, next.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
    if (!isSupported(old)) errors.push(fieldForbidden(at, 'Pod running on node without support for resize'));
    errors.push(...wholeErrors(next.spec.resources, old.spec.resources));
    const moved = lists.flatMap((member) => orderErrors(member, next.spec[member] ?? [], old.spec[member] ?? []));
    if (moved.length > 0) return [...errors, ...moved];
    return [...errors, ...lists.flatMap((member) => listErrors(member, next.spec[member] ?? [], old.spec[member] ?? []))];
  },
};

const at = path('spec');
type List = 'containers' | 'initContainers';
const lists = ['initContainers', 'containers'] as const;

/** A node that can resize says of what runs what it may use. */
function isSupported({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running);
  return !running || running.resources !== undefined;
}

/** Of the pod as a whole. */
function wholeErrors(next: ResourceRequirements | undefined, old: ResourceRequirements | undefined): FieldError[] {
  const where = at.child('resources');
  if (old && !next) return [fieldForbidden(where, 'pod-level resources cannot be removed')];
  const errors = removed(next, old).map((bound) => fieldForbidden(where.child(bound), `pod-level resource ${bound} cannot be removed`));
  if (fixed(next) !== fixed(old)) errors.push(fieldForbidden(at, 'only cpu and memory resources are mutable at pod-level'));
  return errors;
}

function resized(old: readonly Container[], asked: readonly Container[] | undefined): Container[] {
  if (!asked) return [...old];
  return asked.map((wanted) => {
    const container = old.find(({ name }) => name === wanted.name);
    return container ? { ...container, resources: wanted.resources, resizePolicy: wanted.resizePolicy } : wanted;
  });
}

function orderErrors(member: List, next: readonly Container[], old: readonly Container[]): FieldError[] {
  if (next.length !== old.length) return [fieldForbidden(at.child(member), `${member} may not be added or removed on resize`)];
  return next.flatMap(({ name }, index) =>
    name === old[index]?.name
      ? []
      : [fieldForbidden(at.child(member).index(index).child('name'), `${member} may not be renamed or reordered on resize`)],
  );
}

function listErrors(member: List, next: readonly Container[], old: readonly Container[]): FieldError[] {
  return next.flatMap((container, index) => {
    const was = old[index];
    if (!was) return [];
    const where = at.child(member).index(index);
    const errors = removed(container.resources, was.resources).map((bound) =>
      fieldForbidden(where.child('resources', bound), `resource ${bound} cannot be removed`),
    );
    if (isFixedChanged(container, was)) errors.push(fixedError(member, where));
    const restarts = container.resizePolicy?.some(({ restartPolicy }) => restartPolicy === 'RestartContainer');
    if (member === 'initContainers' && !isSidecar(was) && restarts && !equal(container, was))
      errors.push(fieldForbidden(where, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'));
    return errors;
  });
}

function fixedError(member: List, where: FieldPath): FieldError {
  if (member === 'containers') return fieldForbidden(at, 'only cpu and memory resources are mutable');
  return fieldForbidden(where, 'only cpu and memory resources for init or sidecar containers are mutable');
}

/** Devices that a container was given by a claim cannot be given anew: it is not resized at all. */
function isFixedChanged(next: Container, old: Container): boolean {
  const hasClaims = (old.resources?.claims?.length ?? 0) > 0;
  return hasClaims || fixed(next.resources) !== fixed(old.resources) || !equal(next.resizePolicy, old.resizePolicy);
}

const bounds = ['requests', 'limits'] as const;

function removed(next: ResourceRequirements | undefined, old: ResourceRequirements | undefined): (typeof bounds)[number][] {
  return bounds.filter((bound) => Object.keys(old?.[bound] ?? {}).some((name) => next?.[bound]?.[name] === undefined));
}

/** What of these a resize cannot change. */
function fixed(resources: ResourceRequirements | undefined): string {
  const rest = (amounts: ResourceRequirements['limits']): [string, unknown][] =>
    Object.entries(amounts ?? {})
      .filter(([name]) => name !== 'cpu' && name !== 'memory')
      .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(bounds.map((bound) => rest(resources?.[bound])));
}
