import { forbidden } from '@keelson/machinery';
import { LimitRange, PersistentVolumeClaim, Pod } from '@keelson/types';
import { applyContainerDefaults, claimProblems, podProblems } from './limits.ts';
import { isWriteOf, listObjects } from './objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** Fills in what containers leave open of their resources, and refuses what is outside the namespace's limits. */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  admit(attributes) {
    if (!isWriteOf(attributes, Pod, 'CREATE')) return;
    for (const { spec } of limitRanges(attributes)) applyContainerDefaults(attributes.object as Pod, spec?.limits ?? []);
  },
  validate(attributes) {
    const isPod =
      isWriteOf(attributes, Pod, 'CREATE') || (attributes.subresource === 'resize' && attributes.store.kind.typeName === Pod.typeName);
    if (!isPod && !isWriteOf(attributes, PersistentVolumeClaim, 'CREATE', 'UPDATE')) return;
    const problems = limitRanges(attributes).flatMap(({ spec }) => {
      const limits = spec?.limits ?? [];
      return isPod ? podProblems(attributes.object as Pod, limits) : claimProblems(attributes.object as PersistentVolumeClaim, limits);
    });
    if (problems.length === 0) return;
    const text = problems.length > 1 ? `[${[...new Set(problems)].join(', ')}]` : problems[0];
    throw forbidden(attributes.store.groupResource, attributes.name, text ?? '');
  },
};

function limitRanges({ registry, namespace }: AdmissionAttributes): LimitRange[] {
  return listObjects(registry, LimitRange, namespace);
}
