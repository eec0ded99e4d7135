import { equal } from '@keelson/machinery';
import { DaemonSet } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { dropFromPod } from '../core/unserved.ts';
import { labelsText } from '../label-text.ts';
import type { KindDefinition } from '../types.ts';
import { daemonSetErrors, daemonSetStatusErrors, daemonSetUpdateErrors } from './daemon-set-validation.ts';
import { templateColumns } from './workload.ts';
import { workloadWarnings } from './workload-warnings.ts';

/** Counts template changes; a field once, kept in this annotation since apps/v1. */
const templateGeneration = 'deprecated.daemonset.template.generation';

export const daemonSetKind: KindDefinition<DaemonSet> = {
  kind: DaemonSet,
  defaults(set) {
    const { spec } = set;
    // As a field it was 0 where a writer said nothing: so it counts as the writer's, until the server counts.
    annotateGeneration(set, generationOf(set));
    if (!spec) return;
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ||= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    defaultPodTemplate(spec.template);
  },
  dropUnserved: ({ spec }) => dropFromPod(spec?.template?.spec),
  prepareCreate(set) {
    set.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
    annotateGeneration(set, Math.max(generationOf(set), 1));
  },
  prepareUpdate(next, old) {
    const before = generationOf(old);
    annotateGeneration(next, equal(next.spec?.template, old.spec.template) ? before : before + 1);
  },
  validate: daemonSetErrors,
  validateUpdate: daemonSetUpdateErrors,
  warnings: workloadWarnings,
  status: { validateUpdate: daemonSetStatusErrors },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ status }) => status?.desiredNumberScheduled ?? 0 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.currentNumberScheduled ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.numberReady ?? 0 },
    { name: 'Up-to-date', type: 'integer', cell: ({ status }) => status?.updatedNumberScheduled ?? 0 },
    { name: 'Available', type: 'integer', cell: ({ status }) => status?.numberAvailable ?? 0 },
    { name: 'Node Selector', type: 'string', cell: ({ spec }) => labelsText(spec.template.spec?.nodeSelector) },
    ageColumn,
    ...templateColumns(({ spec }: DaemonSet) => spec),
  ],
};

function generationOf({ metadata }: DaemonSet): number {
  return Number(metadata.annotations?.[templateGeneration]) || 0;
}

function annotateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(generation) };
}
