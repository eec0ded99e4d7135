import { equal } from '@keelson/machinery';
import { Deployment } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { dropFromPod } from '../core/unserved.ts';
import type { KindDefinition } from '../types.ts';
import { deploymentStatusErrors } from './replica-counts.ts';
import { deploymentErrors, selectorUnchanged } from './validation.ts';
import { selectorText, templateColumns } from './workload.ts';
import { workloadWarnings } from './workload-warnings.ts';

export const deploymentKind: KindDefinition<Deployment> = {
  kind: Deployment,
  defaults({ spec }) {
    if (!spec) return;
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    spec.strategy ??= {};
    spec.strategy.type ||= 'RollingUpdate';
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
      spec.strategy.rollingUpdate.maxSurge ??= '25%';
    }
    defaultPodTemplate(spec.template);
  },
  dropUnserved: ({ spec }) => dropFromPod(spec?.template?.spec),
  prepareCreate(deployment) {
    deployment.status = {};
  },
  prepareUpdate(next, old) {
    // The controller copies annotations to replica sets, so they count as wanted state.
    if (!equal(next.metadata.annotations, old.metadata.annotations)) next.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: deploymentErrors,
  validateUpdate: (next, old) => selectorUnchanged(next.spec.selector, old.spec.selector),
  warnings: workloadWarnings,
  status: { leaves: 'labels', validateUpdate: deploymentStatusErrors },
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
    { name: 'Up-to-date', type: 'string', cell: ({ status }) => status?.updatedReplicas ?? 0 },
    { name: 'Available', type: 'string', cell: ({ status }) => status?.availableReplicas ?? 0 },
    ageColumn,
    ...templateColumns(({ spec }: Deployment) => spec),
  ],
};
