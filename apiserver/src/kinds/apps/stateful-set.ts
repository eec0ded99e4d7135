import { StatefulSet } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import type { KindDefinition } from '../types.ts';
import { statefulSetErrors } from './validation.ts';
import { selectorText, templateColumns } from './workload.ts';

/** Thin: served for the scheduler, which spreads the pods of one set; its controller and full validation come later. */
export const statefulSetKind: KindDefinition<StatefulSet> = {
  kind: StatefulSet,
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.podManagementPolicy ||= 'OrderedReady';
    spec.revisionHistoryLimit ??= 10;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ||= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
    defaultPodTemplate(spec.template);
  },
  prepareCreate(set) {
    set.status = { replicas: 0 };
  },
  validate: statefulSetErrors,
  status: {},
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 1,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec.selector),
  },
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}` },
    ageColumn,
    ...templateColumns(({ spec }: StatefulSet) => spec).slice(0, 2),
  ],
};
