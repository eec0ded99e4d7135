import { equal, fieldForbidden, invalid, path } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import type { PartRules } from '../types.ts';
import { mirror } from './pod-spec/annotations.ts';
import { podErrors } from './pod-validation.ts';

/** `pods/<name>/ephemeralcontainers`: containers can be added to a running pod, and never changed or taken away. */
export const ephemeralContainersPart: PartRules<Pod> = {
  take: (asked, old) => ({ ...old, spec: { ...old.spec, ephemeralContainers: asked.spec?.ephemeralContainers } }),
  validateUpdate(next, old) {
    const at = path('spec', 'ephemeralContainers');
    const before = old.spec.ephemeralContainers ?? [];
    const after = next.spec.ephemeralContainers ?? [];
    if (old.metadata.annotations?.[mirror] !== undefined)
      return [fieldForbidden(path(), 'static pods do not support ephemeral containers')];
    const errors = podErrors(next);
    for (const was of before) {
      const is = after.findLast(({ name }) => name === was.name);
      if (!is) errors.push(fieldForbidden(at, `existing ephemeral containers "${was.name}" may not be removed\n`));
      else if (!equal(is, was)) errors.push(fieldForbidden(at, `existing ephemeral containers "${was.name}" may not be changed\n`));
    }
    return errors;
  },
};

/** They are added through their own door, where who may is asked. @throws StatusError Invalid for a new pod that has some. */
export function refuseEphemeralContainers({ metadata, spec }: Pod): void {
  if (!spec?.ephemeralContainers?.length) return;
  throw invalid({ group: '', kind: 'Pod' }, metadata.name ?? '', [fieldForbidden('spec.ephemeralContainers', 'cannot be set on create')]);
}
