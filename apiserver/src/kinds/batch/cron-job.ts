import { ageText, type FieldError, type FieldPath, fieldInvalid, fieldRequired, path } from '@keelson/machinery';
import { CronJob } from '@keelson/types';
import { selectorText, templateColumns } from '../apps/workload.ts';
import { makerWarnings } from '../apps/workload-warnings.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { dropFromPod } from '../core/unserved.ts';
import { nonNegative, requiredOneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';
import { cronProblem } from './cron-schedule.ts';
import { jobTemplateErrors } from './job-validation.ts';

const at = path('spec');

/** A job's name has room for a dash and ten digits after the cron job's. */
const nameLimit = 63 - 11;

export const cronJobKind: KindDefinition<CronJob> = {
  kind: CronJob,
  defaults({ spec }) {
    if (!spec) return;
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultPodTemplate(spec.jobTemplate?.spec?.template);
  },
  dropUnserved: ({ spec }) => dropFromPod(spec?.jobTemplate?.spec?.template?.spec),
  prepareCreate(cronJob) {
    cronJob.status = {};
  },
  validate: cronJobErrors,
  warnings: (next, old) => makerWarnings(next, old, next.spec.jobTemplate.spec?.template, 'spec.jobTemplate.spec.template'),
  status: {},
  columns: [
    nameColumn,
    { name: 'Schedule', type: 'string', cell: ({ spec }) => spec.schedule },
    { name: 'Timezone', type: 'string', cell: ({ spec }) => spec.timeZone ?? '<none>' },
    { name: 'Suspend', type: 'boolean', cell: ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False') },
    { name: 'Active', type: 'integer', cell: ({ status }) => status?.active?.length ?? 0 },
    {
      name: 'Last Schedule',
      type: 'string',
      cell: ({ status }, now) => (status?.lastScheduleTime ? ageText(status.lastScheduleTime, now) : '<none>'),
    },
    ageColumn,
    ...templateColumns(({ spec }: CronJob) => ({ template: spec.jobTemplate.spec.template })).slice(0, 2),
    { name: 'Selector', type: 'string', priority: 1, cell: ({ spec }) => selectorText(spec.jobTemplate.spec.selector) || '<none>' },
  ],
};

function cronJobErrors({ metadata, spec }: CronJob): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const errors = [
    ...scheduleErrors(spec.schedule, at.child('schedule')),
    ...nonNegative(spec, at, 'startingDeadlineSeconds'),
    ...timeZoneErrors(spec.timeZone, at.child('timeZone')),
    ...requiredOneOf(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], at.child('concurrencyPolicy')),
    ...jobTemplateErrors(spec.jobTemplate?.spec, at.child('jobTemplate', 'spec')),
    ...nonNegative(spec, at, 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'),
  ];
  if ((metadata.name?.length ?? 0) > nameLimit)
    errors.push(fieldInvalid(path('metadata', 'name'), metadata.name, `must be no more than ${nameLimit} characters`));
  return errors;
}

function scheduleErrors(schedule: string | undefined, where: FieldPath): FieldError[] {
  if (!schedule) return [fieldRequired(where)];
  const problem = cronProblem(schedule);
  const errors = problem === undefined ? [] : [fieldInvalid(where, schedule, problem)];
  if (schedule.includes('TZ'))
    errors.push(fieldInvalid(where, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  return errors;
}

function timeZoneErrors(zone: string | undefined, where: FieldPath): FieldError[] {
  if (zone === undefined) return [];
  if (zone === '') return [fieldInvalid(where, zone, 'timeZone must be nil or non-empty string')];
  const isName = zone.split('/').every((part) => /^[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}$/.test(part) && part !== '.' && part !== '..');
  if (!isName) return [fieldInvalid(where, zone, `unknown time zone ${zone}`)];
  const errors: FieldError[] = [];
  if (zone.toLowerCase() === 'local') {
    const detail = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    errors.push(fieldInvalid(where, zone, detail));
    if (zone === 'Local') return errors;
  }
  if (!isKnownZone(zone)) errors.push(fieldInvalid(where, zone, `unknown time zone ${zone}`));
  return errors;
}

function isKnownZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
