import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  isConditionTrue,
  omitted,
  parseTime,
  path,
} from '@keelson/machinery';
import type { Job, JobStatus } from '@keelson/types';
import { nonNegative } from '../field-checks.ts';
import { countIndexes, sharedIndex } from './index-list.ts';

const at = path('status');

/** The conditions a job's end is told by. */
function endings({ status }: Job) {
  const has = (type: string): boolean => isConditionTrue(status?.conditions, type);
  const [complete, failed] = [has('Complete'), has('Failed')];
  return { complete, failed, finished: complete || failed, failureTarget: has('FailureTarget'), successMet: has('SuccessCriteriaMet') };
}

/** A status must not contradict itself, nor take back what the one before said for good. */
export function jobStatusErrors(job: Job, old: Job): FieldError[] {
  const { status } = job;
  if (!status) return [];
  return [
    ...nonNegative(status, at, 'active', 'succeeded', 'failed', 'ready', 'terminating'),
    ...uncountedErrors(status),
    ...endingErrors(job),
    ...timeErrors(job),
    ...finishedErrors(job),
    ...indexErrors(job),
    ...transitionErrors(job, old),
  ];
}

function uncountedErrors({ uncountedTerminatedPods: uncounted }: JobStatus): FieldError[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((member) =>
    (uncounted?.[member] ?? []).flatMap((uid, index) => {
      const where = at.child('uncountedTerminatedPods', member).index(index);
      if (uid === '') return [fieldInvalid(where, uid, 'must not be empty')];
      if (seen.has(uid)) return [fieldDuplicate(where, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

function endingErrors(job: Job): FieldError[] {
  const { complete, failed, failureTarget, successMet } = endings(job);
  const rules: readonly [boolean, string][] = [
    [complete && failed, 'cannot set Complete=True and Failed=true conditions'],
    [complete && failureTarget, 'cannot set Complete=True and FailureTarget=true conditions'],
    [failed && !failureTarget, 'cannot set Failed=True condition without the FailureTarget=true condition'],
    [complete && !successMet, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'],
    [successMet && failed, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [successMet && failureTarget, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
  ];
  return rules.filter(([broken]) => broken).map(([, detail]) => fieldInvalid(at.child('conditions'), omitted, detail));
}

function timeErrors(job: Job): FieldError[] {
  const { complete } = endings(job);
  const { startTime, completionTime } = job.status ?? {};
  const where = at.child('completionTime');
  const errors: FieldError[] = [];
  if (completionTime && !complete)
    errors.push(fieldInvalid(where, completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  if (!completionTime && complete) errors.push(fieldRequired(where, 'completionTime is required for Complete jobs'));
  const [start, end] = [parseTime(startTime), parseTime(completionTime)];
  if (start !== undefined && end !== undefined && end < start)
    errors.push(fieldInvalid(where, completionTime, 'completionTime cannot be set before startTime'));
  return errors;
}

function finishedErrors(job: Job): FieldError[] {
  const { active = 0, startTime, terminating = 0, ready, uncountedTerminatedPods: uncounted } = job.status ?? {};
  const errors: FieldError[] = [];
  if (endings(job).finished) {
    if (active > 0) errors.push(fieldInvalid(at.child('active'), active, 'active>0 is invalid for finished job'));
    if (!startTime) errors.push(fieldRequired(at.child('startTime'), 'startTime is required for finished job'));
    if ((uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0) > 0)
      errors.push(
        fieldInvalid(at.child('uncountedTerminatedPods'), uncounted, 'uncountedTerminatedPods needs to be empty for finished job'),
      );
    if (terminating > 0) errors.push(fieldInvalid(at.child('terminating'), terminating, 'terminating>0 is invalid for finished job'));
  }
  if (ready !== undefined && ready > active) errors.push(fieldInvalid(at.child('ready'), ready, 'cannot set more ready pods than active'));
  return errors;
}

function indexErrors({ spec, status }: Job): FieldError[] {
  const { completedIndexes = '', failedIndexes } = status ?? {};
  const errors: FieldError[] = [];
  if (completedIndexes !== '' && spec.completionMode !== 'Indexed')
    errors.push(
      fieldInvalid(
        at.child('completedIndexes'),
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    );
  if (failedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(
      fieldInvalid(at.child('failedIndexes'), failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'),
    );
  if (spec.completions === undefined) return errors;
  const malformed = [
    ...listErrors('completedIndexes', completedIndexes, spec.completions),
    ...listErrors('failedIndexes', failedIndexes ?? '', spec.completions),
  ];
  if (malformed.length > 0) return [...errors, ...malformed];
  const shared = sharedIndex(completedIndexes, failedIndexes ?? '', spec.completions);
  if (shared === undefined) return errors;
  return [
    ...errors,
    fieldInvalid(at.child('failedIndexes'), failedIndexes, `failedIndexes and completedIndexes overlap at index: ${shared}`),
  ];
}

function listErrors(member: 'completedIndexes' | 'failedIndexes', list: string, completions: number): FieldError[] {
  try {
    countIndexes(list, completions);
    return [];
  } catch (error) {
    return [fieldInvalid(at.child(member), list, `error parsing ${member}: ${(error as Error).message}`)];
  }
}

function transitionErrors(job: Job, old: Job): FieldError[] {
  const errors: FieldError[] = [];
  const has = ({ status }: Job, type: string): boolean => isConditionTrue(status?.conditions, type);
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (has(old, type) && !has(job, type))
      errors.push(fieldInvalid(at.child('conditions'), omitted, `cannot disable the terminal ${type}=True condition`));
  }
  for (const counter of ['failed', 'succeeded'] as const) {
    const [is, was] = [job.status?.[counter] ?? 0, old.status?.[counter] ?? 0];
    if (is < was) errors.push(fieldInvalid(at.child(counter), is, `cannot decrease the ${counter} counter`));
  }
  const [completed, before] = [job.status?.completionTime, old.status?.completionTime];
  if (completed && before && completed !== before)
    errors.push(fieldInvalid(at.child('completionTime'), completed, 'completionTime cannot be mutated'));
  // A job that is resumed starts anew.
  const mayStart = job.spec.suspend || has(old, 'Suspended');
  if (old.status?.startTime && old.status.startTime !== job.status?.startTime && !mayStart)
    errors.push(fieldRequired(at.child('startTime'), 'startTime cannot be removed for unsuspended job'));
  if (has(old, 'SuccessCriteriaMet') && !has(job, 'SuccessCriteriaMet'))
    errors.push(fieldInvalid(at.child('conditions'), omitted, 'cannot disable the SuccessCriteriaMet=True condition'));
  return errors;
}
