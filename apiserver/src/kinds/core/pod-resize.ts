import { equal, type FieldError, type FieldPath, fieldForbidden, fieldInvalid, isSidecar, path, qosClass } from '@keelson/machinery';
import type { Container, Pod, ResourceRequirements } from '@keelson/types';
import type { PartRules } from '../types.ts';
import { podErrors } from './pod-validation.ts';

/** The annotation of a pod that mirrors one of its node's own files. */
const mirror = 'kubernetes.io/config.mirror';

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
      ...(old.spec.resources ? { resources: asked?.resources } : {}),
    },
  }),
  validateUpdate(next, old) {
    if (old.metadata.annotations?.[mirror] !== undefined) return [fieldForbidden(path(), 'static pods cannot be resized')];
    if (old.spec.os?.name === 'windows') return [fieldForbidden(path(), 'windows pods cannot be resized')];
    const at = path('spec');
    const errors = podErrors(next);
    if (qosClass(next) !== (old.status?.qosClass ?? qosClass(old)))
      errors.push(fieldInvalid(at, next.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
    for (const member of ['containers', 'initContainers'] as const)
      errors.push(...listErrors(member, next.spec[member] ?? [], old.spec[member] ?? [], at.child(member)));
    errors.push(...removalErrors(next.spec.resources, old.spec.resources, at.child('resources')));
    if (others(next) !== others(old)) errors.push(fieldForbidden(at, 'only cpu and memory resources are mutable'));
    return errors;
  },
};

function resized(old: readonly Container[], asked: readonly Container[] | undefined): Container[] {
  if (!asked) return [...old];
  return asked.map((wanted) => {
    const container = old.find(({ name }) => name === wanted.name);
    return container ? { ...container, resources: wanted.resources, resizePolicy: wanted.resizePolicy } : wanted;
  });
}

function listErrors(
  member: 'containers' | 'initContainers',
  next: readonly Container[],
  old: readonly Container[],
  at: FieldPath,
): FieldError[] {
  if (next.length !== old.length) return [fieldForbidden(at, `${member} may not be added or removed on resize`)];
  return next.flatMap((container, index) => {
    const [was, where] = [old[index], at.index(index)];
    if (!was || container.name !== was.name)
      return [fieldForbidden(where.child('name'), `${member} may not be renamed or reordered on resize`)];
    const resources = where.child('resources');
    if (member === 'initContainers' && !isSidecar(was))
      return equal(container.resources, was.resources)
        ? []
        : [fieldForbidden(resources, 'resources for non-sidecar init containers are immutable')];
    return removalErrors(container.resources, was.resources, resources);
  });
}

function removalErrors(next: ResourceRequirements | undefined, old: ResourceRequirements | undefined, at: FieldPath): FieldError[] {
  return (['requests', 'limits'] as const)
    .filter((bound) => Object.keys(old?.[bound] ?? {}).some((name) => isResizable(name) && next?.[bound]?.[name] === undefined))
    .map((bound) => fieldForbidden(at.child(bound), `resource ${bound} cannot be removed`));
}

function isResizable(name: string): boolean {
  return name === 'cpu' || name === 'memory';
}

/** All of the pod's resources that a resize cannot change. */
function others({ spec }: Pod): string {
  const rest = (amounts: ResourceRequirements['limits']): [string, unknown][] =>
    Object.entries(amounts ?? {})
      .filter(([name]) => !isResizable(name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  const holders = [...spec.containers, ...(spec.initContainers ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify([...holders, spec].map(({ resources }) => [rest(resources?.requests), rest(resources?.limits), resources?.claims]));
}
