import { type Clock, errorMessage, rfc3339 } from '@keelson/base';
import { controllerOf, equal, isControlledBy, parseTime } from '@keelson/machinery';
import {
  type ControllerDefinition,
  defineController,
  Expectations,
  type Key,
  mapped,
  type Outcome,
  ownerUid,
  type ReconcileContext,
  self,
} from '@keelson/runtime';
import { CronJob, type CronJobStatus, Event, Job, type ObjectReference } from '@keelson/types';
import type { Registry } from 'prom-client';
import { isAlreadyThere, isGone, isNamespaceEnding } from '../../api-errors.ts';
import { controllerUid, refersTo } from '../../claims.ts';
import { creationSkew } from './metrics.ts';
import { type Due, dueTime, historyOf, isTooLate, jobFrom, jobName, planCleanup, type Schedule } from './plan.ts';
import { localZone, parseSchedule, zonedTime } from './schedule.ts';

/** Makes the Jobs of each CronJob when its schedule says so, and removes old ones. */
export function cronJobController(workers: number, clock: Clock, metrics: Registry | undefined): ControllerDefinition {
  const memory: Memory = { expectations: new Expectations(clock), skew: creationSkew(metrics), schedules: new Map() };
  const { expectations, schedules } = memory;
  return defineController({
    name: 'cronjob',
    reads: [CronJob, Job],
    writes: [Job, 'cronjobs/status', Event],
    triggers: [self(CronJob), mapped(Job, cronJobOf, { indexes: { [ownerUid]: controllerUid } })],
    workers,
    async reconcile(key, context) {
      const cronJob = context.of(CronJob).get(key);
      if (!cronJob) {
        expectations.forget(key);
        schedules.delete(key);
      }
      if (!cronJob || !expectations.satisfied(key)) return undefined;
      return new Step(key, cronJob, clock.now(), memory, context).run();
    },
  });
}

function cronJobOf({ metadata }: Job): readonly Key[] {
  const owner = controllerOf(metadata);
  return owner && refersTo(owner, CronJob) ? [`${metadata.namespace}/${owner.name}`] : [];
}

/** What outlives a look. */
interface Memory {
  readonly expectations: Expectations;
  readonly skew: ReturnType<typeof creationSkew>;
  /** Which schedule each CronJob has, and since when, in milliseconds; 0 when it had none before that was seen. */
  readonly schedules: Map<Key, { readonly text: string; readonly since: number }>;
}

/** One look at one CronJob. What is done is gathered in a new status, which is written once at the end, whatever went wrong before. */
class Step {
  readonly #key: Key;
  readonly #cronJob: CronJob;
  readonly #now: number;
  readonly #memory: Memory;
  readonly #context: ReconcileContext;
  #status: CronJobStatus;

  constructor(key: Key, cronJob: CronJob, now: number, memory: Memory, context: ReconcileContext) {
    this.#key = key;
    this.#cronJob = cronJob;
    this.#now = now;
    this.#memory = memory;
    this.#context = context;
    this.#status = cronJob.status ?? {};
  }

  async run(): Promise<Outcome> {
    try {
      const jobs = this.#context.of(Job).byIndex(ownerUid, this.#cronJob.metadata.uid ?? '');
      for (const job of planCleanup(this.#cronJob, jobs)) await this.#delete(job);
      await this.#bringUpToDate(jobs);
      return await this.#schedule();
    } finally {
      await this.#writeStatus();
    }
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event(this.#cronJob, type, reason, message);
  }

  async #bringUpToDate(jobs: readonly Job[]): Promise<void> {
    const { strangers, ended, missing, lastSuccess } = historyOf(this.#cronJob, jobs);
    for (const { metadata } of strangers)
      this.#tell('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${metadata.name}`);
    for (const { job, outcome } of ended) {
      this.#forget(job.metadata.uid);
      this.#tell('Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${outcome}`);
    }
    if (lastSuccess !== undefined) this.#status = { ...this.#status, lastSuccessfulTime: lastSuccess };
    for (const reference of missing) {
      if (await this.#fetch(reference)) continue;
      this.#forget(reference.uid);
      this.#tell('Normal', 'MissingJob', `Active job went missing: ${reference.name}`);
    }
  }

  #forget(uid: string | undefined): void {
    const active = this.#status.active?.filter((one) => one.uid !== uid);
    this.#status = { ...this.#status, active: active?.length ? active : undefined };
  }

  /** Undefined when the job is gone. */
  async #fetch({ name = '' }: ObjectReference): Promise<Job | undefined> {
    try {
      return await this.#context.api.get(Job, { name, namespace: this.#cronJob.metadata.namespace });
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async #schedule(): Promise<Outcome> {
    const { metadata, spec } = this.#cronJob;
    if (metadata.deletionTimestamp || spec.suspend) return undefined;
    const schedule = this.#readSchedule();
    const due = schedule && this.#due(schedule);
    if (!schedule || !due) return undefined;
    if (due.time !== undefined && this.#isWanted(due.time)) await this.#start(due.time);
    return { again: due.wait };
  }

  /** Since when the schedule is what it is, as far as was seen: times that had gone by before are none that were missed. */
  #inForceSince(): number {
    const { metadata, spec } = this.#cronJob;
    const text = JSON.stringify([metadata.uid, spec.schedule, spec.timeZone]);
    const before = this.#memory.schedules.get(this.#key);
    if (before?.text === text) return before.since;
    const since = before ? this.#now : 0;
    this.#memory.schedules.set(this.#key, { text, since });
    return since;
  }

  /** Undefined, and told, when it makes no sense: nothing will come of it until somebody changes it. */
  #readSchedule(): Schedule | undefined {
    const { schedule, timeZone } = this.#cronJob.spec;
    try {
      if (timeZone !== undefined) zonedTime(this.#now, timeZone);
    } catch {
      this.#tell('Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`);
      return undefined;
    }
    if (schedule.includes('TZ')) {
      const where = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
      const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see ${where} for more details`;
      this.#tell('Warning', 'UnsupportedSchedule', message);
    }
    try {
      return parseSchedule(schedule, timeZone ?? localZone());
    } catch (error) {
      this.#tell('Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${errorMessage(error)}`);
      return undefined;
    }
  }

  #due(schedule: Schedule): Due | undefined {
    try {
      const due = dueTime(this.#cronJob, schedule, this.#now, this.#inForceSince());
      const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
      if (due.tooMany) this.#tell('Warning', 'TooManyMissedTimes', message);
      return due;
    } catch (error) {
      this.#tell('Warning', 'InvalidSchedule', `invalid schedule: ${this.#cronJob.spec.schedule} : ${errorMessage(error)}`);
      return undefined;
    }
  }

  #isWanted(time: number): boolean {
    const { active = [], lastScheduleTime } = this.#status;
    if (isTooLate(this.#cronJob, time, this.#now)) {
      const when = new Date(time).toUTCString().replace('GMT', '+0000');
      this.#tell('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${when}`);
      return false;
    }
    const name = jobName(this.#cronJob, time);
    if (lastScheduleTime === rfc3339(time) || active.some((one) => one.name === name)) return false;
    if (this.#cronJob.spec.concurrencyPolicy !== 'Forbid' || active.length === 0) return true;
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    this.#tell('Normal', 'JobAlreadyActive', message);
    return false;
  }

  async #start(time: number): Promise<void> {
    if (this.#cronJob.spec.concurrencyPolicy === 'Replace') await this.#replaceActive();
    const job = await this.#create(jobFrom(this.#cronJob, time, zonedTime(time, this.#cronJob.spec.timeZone)), time);
    if (!job) return;
    const { name, namespace, uid, resourceVersion } = job.metadata;
    const reference = { apiVersion: 'batch/v1', kind: 'Job', name, namespace, uid, resourceVersion };
    this.#status = { ...this.#status, active: [...(this.#status.active ?? []), reference], lastScheduleTime: rfc3339(time) };
  }

  async #replaceActive(): Promise<void> {
    for (const reference of this.#status.active ?? []) {
      const job = await this.#fetch(reference);
      if (!job) {
        this.#tell('Warning', 'FailedGet', `Get job: jobs.batch ${JSON.stringify(reference.name)} not found`);
        throw new Error(`active job ${reference.name} is gone`);
      }
      if (!(await this.#delete(job))) throw new Error(`could not replace job ${job.metadata.namespace}/${job.metadata.name}`);
    }
  }

  /** Undefined when somebody else's job has that name, or this CronJob's own is in the status already. */
  async #create(wanted: Job, time: number): Promise<Job | undefined> {
    const { api, of } = this.#context;
    try {
      const job = await api.create(Job, wanted);
      this.#memory.expectations.written(this.#key, of(Job), job);
      this.#memory.skew.observe(((parseTime(job.metadata.creationTimestamp) ?? time) - time) / 1000);
      this.#tell('Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (isNamespaceEnding(error)) throw error;
      if (!isAlreadyThere(error)) {
        this.#tell('Warning', 'FailedCreate', `Error creating job: ${errorMessage(error)}`);
        throw error;
      }
    }
    const present = await this.#fetch(wanted.metadata);
    if (!present || !isControlledBy(present.metadata, this.#cronJob.metadata)) return undefined;
    return this.#status.active?.some(({ uid }) => uid === present.metadata.uid) ? undefined : present;
  }

  /** False, and told, when it could not be deleted: an old job that stays is no reason to make no new ones. */
  async #delete(job: Job): Promise<boolean> {
    const { api, of } = this.#context;
    const { name = '', namespace, uid } = job.metadata;
    try {
      await api.delete(Job, { name, namespace }, { propagationPolicy: 'Background', preconditions: { uid } });
    } catch (error) {
      if (!isGone(error)) {
        this.#tell('Warning', 'FailedDelete', `Deleted job: ${errorMessage(error)}`);
        return false;
      }
    }
    this.#memory.expectations.deleted(this.#key, of(Job), job);
    this.#forget(uid);
    this.#tell('Normal', 'SuccessfulDelete', `Deleted job ${name}`);
    return true;
  }

  async #writeStatus(): Promise<void> {
    if (equal(this.#status, this.#cronJob.status ?? {})) return;
    const { api, of } = this.#context;
    const written = await api.update(CronJob, { ...this.#cronJob, status: this.#status }, { subresource: 'status' });
    this.#memory.expectations.written(this.#key, of(CronJob), written);
  }
}
