import { ReplicaSet } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { dropFromPod } from '../core/unserved.ts';
import type { KindDefinition } from '../types.ts';
import { replicaSetStatusErrors } from './replica-counts.ts';
import { replicaSetErrors, selectorUnchanged } from './validation.ts';
import { selectorText, templateColumns } from './workload.ts';
import { workloadWarnings } from './workload-warnings.ts';

export const replicaSetKind: KindDefinition<ReplicaSet> = {
  kind: ReplicaSet,
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  dropUnserved: ({ spec }) => dropFromPod(spec?.template?.spec),
  prepareCreate(replicaSet) {
    replicaSet.status = { replicas: 0 };
  },
  validate: replicaSetErrors,
  validateUpdate: (next, old) => selectorUnchanged(next.spec.selector, old.spec.selector),
  warnings: workloadWarnings,
  status: { validateUpdate: replicaSetStatusErrors },
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  scale: {
    path: '.spec.replicas',
    replicas: ({ spec }) => spec.replicas ?? 1,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorText(spec.selector),
  },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 1 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...templateColumns(({ spec }: ReplicaSet) => spec),
  ],
};
