import { controllerOf, formatLabelSelector, humanDuration, parseTime } from '@keelson/machinery';
import type { CronJob, Job, JobSpec } from '@keelson/types';
import { field, head, type Lines, timeText } from './lines.ts';
import { templateLines } from './template.ts';

/** How many characters of indexes are always shown. */
const fewestIndexes = 50;

export function describeJob(job: Job): Lines {
  const { metadata, spec, status = {} } = job;
  const controller = controllerOf(metadata);
  const ready = status.ready === undefined ? '' : ` (${status.ready} Ready)`;
  const counts = `${status.active ?? 0} Active${ready} / ${status.succeeded ?? 0} Succeeded / ${status.failed ?? 0} Failed`;
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    field(0, 'Selector', spec?.selector ? formatLabelSelector(spec.selector) : ''),
    ...head(metadata).slice(2),
    ...(controller ? [field(0, 'Controlled By', `${controller.kind}/${controller.name}`)] : []),
    ...amount('Parallelism', spec?.parallelism),
    field(0, 'Completions', spec?.completions ?? '<unset>'),
    ...amount('Completion Mode', spec?.completionMode),
    ...amount('Suspend', spec?.suspend),
    ...amount('Backoff Limit', spec?.backoffLimit),
    ...amount('TTL Seconds After Finished', spec?.ttlSecondsAfterFinished),
    ...timesLines(status),
    ...deadline(spec),
    field(0, 'Pods Statuses', counts),
    ...(spec?.completionMode === 'Indexed' ? [field(0, 'Completed Indexes', indexes(status.completedIndexes))] : []),
    'Pod Template:',
    ...(spec ? templateLines(spec.template) : []),
  ];
}

function timesLines({ startTime, completionTime }: NonNullable<Job['status']>): Lines {
  const [start, end] = [parseTime(startTime), parseTime(completionTime)];
  return [
    ...(start === undefined ? [] : [field(0, 'Start Time', timeText(startTime))]),
    ...(end === undefined ? [] : [field(0, 'Completed At', timeText(completionTime))]),
    ...(start === undefined || end === undefined ? [] : [field(0, 'Duration', humanDuration(end - start))]),
  ];
}

/** Whole ranges: the one that reaches the limit is the last. */
function indexes(completed = ''): string {
  const comma = completed.indexOf(',', fewestIndexes);
  return comma === -1 ? completed || '<none>' : `${completed.slice(0, comma + 1)}...`;
}

export function describeCronJob({ metadata, spec, status }: CronJob): Lines {
  const job = spec?.jobTemplate.spec;
  const active = (status?.active ?? []).map(({ name }) => name).join(', ');
  const starting = spec?.startingDeadlineSeconds;
  return [
    ...head(metadata),
    field(0, 'Schedule', spec?.schedule),
    field(0, 'Concurrency Policy', spec?.concurrencyPolicy),
    field(0, 'Suspend', spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
    field(0, 'Time Zone', spec?.timeZone ?? '<unset>'),
    field(0, 'Successful Job History Limit', spec?.successfulJobsHistoryLimit ?? '<unset>'),
    field(0, 'Failed Job History Limit', spec?.failedJobsHistoryLimit ?? '<unset>'),
    field(0, 'Starting Deadline Seconds', starting === undefined ? '<unset>' : `${starting}s`),
    field(0, 'Selector', job?.selector ? formatLabelSelector(job.selector) : '<unset>'),
    field(0, 'Parallelism', job?.parallelism ?? '<unset>'),
    field(0, 'Completions', job?.completions ?? '<unset>'),
    ...deadline(job),
    'Pod Template:',
    ...(job ? templateLines(job.template) : []),
    field(0, 'Last Schedule Time', timeText(status?.lastScheduleTime)),
    field(0, 'Active Jobs', active || '<none>'),
  ];
}

function amount(label: string, value: number | boolean | string | undefined): Lines {
  return value === undefined ? [] : [field(0, label, value)];
}

function deadline(spec: JobSpec | undefined): Lines {
  const seconds = spec?.activeDeadlineSeconds;
  return seconds === undefined ? [] : [field(0, 'Active Deadline Seconds', `${seconds}s`)];
}
