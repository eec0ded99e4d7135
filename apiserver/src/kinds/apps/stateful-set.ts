import { isDNS1123Label } from '@keelson/machinery';
import { StatefulSet } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { defaultClaim } from '../core/persistent-volume-claim.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { dropFromPod } from '../core/unserved.ts';
import type { KindDefinition } from '../types.ts';
import { statefulSetErrors, statefulSetStatusErrors, statefulSetUpdateErrors } from './stateful-set-validation.ts';
import { selectorText, templateColumns } from './workload.ts';
import { workloadWarnings } from './workload-warnings.ts';

export const statefulSetKind: KindDefinition<StatefulSet> = {
  kind: StatefulSet,
  name: isDNS1123Label,
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
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1';
      claim.kind ??= 'PersistentVolumeClaim';
      defaultClaim(claim);
      claim.status ??= { phase: 'Pending' };
    }
  },
  dropUnserved({ spec }, old) {
    dropFromPod(spec?.template?.spec);
    if (!old?.spec.updateStrategy?.rollingUpdate?.maxUnavailable) delete spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
  },
  prepareCreate(set) {
    set.status = { replicas: 0, availableReplicas: 0 };
  },
  validate: statefulSetErrors,
  validateUpdate: statefulSetUpdateErrors,
  warnings: workloadWarnings,
  status: { validateUpdate: statefulSetStatusErrors },
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
    { name: 'Ready', type: 'string', cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}` },
    ageColumn,
    ...templateColumns(({ spec }: StatefulSet) => spec).slice(0, 2),
  ],
};
