import {
  equal,
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
  isDNS1123Label,
  isSidecar,
  path,
  qosClass,
} from '@keelson/machinery';
import type { Container, EphemeralContainer, Pod } from '@keelson/types';
import type { PartRules } from '../types.ts';
import { resourceErrors } from './container-validation.ts';

/** `pods/<name>/ephemeralcontainers`: containers can be added to a running pod, and never changed or taken away. */
export const ephemeralContainersPart: PartRules<Pod> = {
  take: (asked, old) => ({ ...old, spec: { ...old.spec, ephemeralContainers: asked.spec?.ephemeralContainers } }),
  validateUpdate(next, old) {
    const at = path('spec', 'ephemeralContainers');
    const before = old.spec.ephemeralContainers ?? [];
    const after = next.spec.ephemeralContainers ?? [];
    const errors: FieldError[] = after.flatMap((_one, index) => ephemeralErrors(next, index));
    for (const was of before) {
      const index = after.findIndex(({ name }) => name === was.name);
      if (index < 0) errors.push(fieldForbidden(at, `existing ephemeral containers "${was.name}" may not be removed\n`));
      else if (!equal(after[index], was))
        errors.push(fieldForbidden(at.index(index), `existing ephemeral containers "${was.name}" may not be changed\n`));
    }
    return errors;
  },
};

const unsuited = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'resources', 'resizePolicy'] as const;

function ephemeralErrors({ spec }: Pod, index: number): FieldError[] {
  const all = spec.ephemeralContainers ?? [];
  const container = all[index] as EphemeralContainer;
  const at = path('spec', 'ephemeralContainers').index(index);
  const { name, image, targetContainerName } = container;
  const errors: FieldError[] = [];
  if (!name) errors.push(fieldRequired(at.child('name')));
  else for (const message of isDNS1123Label(name)) errors.push(fieldInvalid(at.child('name'), name, message));
  if (!image) errors.push(fieldRequired(at.child('image')));
  const others = [...spec.containers, ...(spec.initContainers ?? []), ...all.slice(0, index)];
  if (name && others.some((one) => one.name === name)) errors.push(fieldDuplicate(at.child('name'), name));
  if (targetContainerName && ![...spec.containers, ...(spec.initContainers ?? [])].some((one) => one.name === targetContainerName))
    errors.push(fieldNotFound(at.child('targetContainerName'), targetContainerName));
  for (const member of unsuited) {
    const value = container[member];
    if (value !== undefined && Object.keys(value).length > 0)
      errors.push(fieldForbidden(at.child(member), 'cannot be set for an Ephemeral Container'));
  }
  return errors;
}

/** `pods/<name>/resize`: what containers may use can be changed while they run. */
export const resizePart: PartRules<Pod> = {
  take: (asked, old) => ({
    ...old,
    spec: {
      ...old.spec,
      containers: resized(old.spec.containers, asked.spec?.containers),
      ...(old.spec.initContainers ? { initContainers: resized(old.spec.initContainers, asked.spec?.initContainers) } : {}),
      ...(old.spec.resources ? { resources: asked.spec?.resources } : {}),
    },
  }),
  validateUpdate(next, old) {
    const at = path('spec');
    if (qosClass(next) !== (old.status?.qosClass ?? qosClass(old)))
      return [fieldInvalid(at, qosClass(next), 'Pod QOS Class may not change as a result of resizing')];
    return (['containers', 'initContainers'] as const).flatMap((member) =>
      (next.spec[member] ?? []).flatMap((container, index) => {
        const was = old.spec[member]?.[index];
        return was ? resizeErrors(container, was, at.child(member).index(index), member === 'initContainers') : [];
      }),
    );
  },
};

function resized(old: readonly Container[], asked: readonly Container[] | undefined): Container[] {
  return old.map((container) => {
    const wanted = asked?.find(({ name }) => name === container.name);
    return wanted ? { ...container, resources: wanted.resources, resizePolicy: wanted.resizePolicy } : container;
  });
}

const resizable = ['cpu', 'memory'];

function resizeErrors(next: Container, old: Container, at: ReturnType<typeof path>, init: boolean): FieldError[] {
  if (equal(next.resources, old.resources)) return [];
  const where = at.child('resources');
  if (init && !isSidecar(next)) return [fieldForbidden(where, 'resources for non-sidecar init containers are immutable')];
  const errors = [...resourceErrors(next, where)];
  for (const bound of ['requests', 'limits'] as const) {
    const [is, was] = [next.resources?.[bound] ?? {}, old.resources?.[bound] ?? {}];
    for (const name of new Set([...Object.keys(is), ...Object.keys(was)])) {
      if (is[name] === was[name]) continue;
      if (!resizable.includes(name)) errors.push(fieldForbidden(where.child(bound), 'only cpu and memory resources are mutable'));
      else if (is[name] === undefined) errors.push(fieldForbidden(where.child(bound), `resource ${bound} cannot be removed`));
    }
  }
  return errors;
}
