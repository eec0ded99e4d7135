import { equal, humanDuration, isConditionTrue, parseTime } from '@keelson/machinery';
import { Job } from '@keelson/types';
import { templateColumns } from '../apps/workload.ts';
import { workloadWarnings } from '../apps/workload-warnings.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { dropFromPod } from '../core/unserved.ts';
import type { KindDefinition } from '../types.ts';
import { jobStatusErrors } from './job-status-validation.ts';
import { jobErrors, jobUpdateErrors, nameLabels, uidLabels } from './job-validation.ts';

const unlimited = 2 ** 31 - 1;

export const jobKind: KindDefinition<Job> = {
  kind: Job,
  defaults({ spec, metadata }) {
    if (!spec) return;
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : unlimited;
    const labels = spec.template?.metadata?.labels;
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    for (const { onPodConditions } of spec.podFailurePolicy?.rules ?? [])
      for (const condition of onPodConditions ?? []) condition.status ??= 'True';
    spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
    defaultPodTemplate(spec.template);
  },
  dropUnserved: ({ spec }) => dropFromPod(spec?.template?.spec),
  prepareCreate(job) {
    job.status = {};
    if (job.spec && !job.spec.manualSelector) generateSelector(job);
  },
  validate: jobErrors,
  validateUpdate: jobUpdateErrors,
  warnings: workloadWarnings,
  status: { validateUpdate: jobStatusErrors },
  // As it was before there was a choice: clients that leave it open keep the pods.
  deletion: { defaultPolicy: 'Orphan' },
  selectableFields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', cell: statusText },
    { name: 'Completions', type: 'string', cell: completionsText },
    { name: 'Duration', type: 'string', cell: durationText },
    ageColumn,
    ...templateColumns(({ spec }: Job) => spec),
  ],
};

/**
 * Labels the pods by the job's uid and name, and selects them by the uid. What the user wrote stays, for validation to refuse. A job
 * that took its own labels from the template gets these too, as upstream, where both are one map.
 */
function generateSelector({ spec, metadata }: Job): void {
  const own = spec.template?.metadata?.labels;
  const labels = { ...own };
  for (const label of nameLabels) labels[label] ??= metadata.name ?? '';
  for (const label of uidLabels) labels[label] ??= metadata.uid ?? '';
  if (equal(metadata.labels ?? {}, own ?? {})) metadata.labels = { ...labels };
  spec.template = { ...spec.template, metadata: { ...spec.template?.metadata, labels } };
  spec.selector ??= {};
  spec.selector.matchLabels = { [uidLabels[0]]: metadata.uid ?? '', ...spec.selector.matchLabels };
}

function statusText({ metadata, status }: Job): string {
  const has = (type: string): boolean => isConditionTrue(status?.conditions, type);
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (metadata.deletionTimestamp) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running';
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const { parallelism = 0 } = spec;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText({ status }: Job, now: number): string {
  const start = parseTime(status?.startTime);
  if (start === undefined) return '';
  return humanDuration((parseTime(status?.completionTime) ?? now) - start);
}
