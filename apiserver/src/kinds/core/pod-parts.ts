import {
  equal,
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
  invalid,
  isDNS1123Label,
  path,
} from '@keelson/machinery';
import type { EphemeralContainer, Pod } from '@keelson/types';
import type { PartRules } from '../types.ts';

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

/** They are added through their own door, where who may is asked. @throws StatusError Invalid for a new pod that has some. */
export function refuseEphemeralContainers({ metadata, spec }: Pod): void {
  if (!spec?.ephemeralContainers?.length) return;
  throw invalid({ group: '', kind: 'Pod' }, metadata.name ?? '', [fieldForbidden('spec.ephemeralContainers', 'cannot be set on create')]);
}

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
