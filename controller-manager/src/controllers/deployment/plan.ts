import { equal, getCondition, newControllerRef, objectHash } from '@keelson/machinery';
import { Deployment, type DeploymentStatus, type PodTemplateSpec, type ReplicaSet } from '@keelson/types';
import { newestAnnotations, revisionAnnotation, revisionOf, sizeAnnotations } from './annotations.ts';
import { active, allOf, byCreation, type Resize, type Rollout, resizeStep, rollingStep, wasResized } from './rollout.ts';
import { isRolling, newestSize, sizeOf, sum, wantedOf } from './sizes.ts';
import {
  countedStatus,
  hasDeadline,
  isComplete,
  newCondition,
  pausedConditions,
  rolloutStatus,
  untilDeadline,
  withCondition,
} from './status.ts';

export const hashLabel = 'pod-template-hash';

export interface View {
  readonly deployment: Deployment;
  /** Those it controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Whether pods run that are of none but the newest ReplicaSet; asked for only under Recreate. */
  readonly otherPodsRun: (newest: ReplicaSet | undefined) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What one look at a Deployment leads to: writes in this order, then its own status and annotations. */
export interface Plan {
  readonly create: ReplicaSet | undefined;
  readonly update: readonly ReplicaSet[];
  readonly remove: readonly ReplicaSet[];
  /** Messages of ScalingReplicaSet events. */
  readonly events: readonly string[];
  readonly status: DeploymentStatus;
  /** Changes of the Deployment's own annotations. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds after which to look again. */
  readonly again: number | undefined;
}

/** Decides the next step of a Deployment. */
export function planDeployment(view: View): Plan {
  const draft = new Draft(view);
  const { deployment } = view;
  if (deployment.metadata.deletionTimestamp) return draft.finish((rollout, status) => countedStatus(rollout, status, view.now));
  draft.notePause();
  if (deployment.spec.paused || draft.wasResized()) {
    draft.refreshNewest();
    draft.resize(resizeStep(draft.rollout));
    if (deployment.spec.paused) draft.forgetHistory();
    return draft.finish((rollout, status) => countedStatus(rollout, status, view.now));
  }
  if (isRolling(deployment)) rollOn(draft);
  else recreate(draft, view);
  return draft.finish((rollout, status) => rolloutStatus(rollout, status, view.now));
}

function rollOn(draft: Draft): void {
  if (!draft.refreshNewest()) draft.makeNewest();
  const steps = rollingStep(draft.rollout);
  draft.resize(steps);
  if (steps.length === 0) draft.forgetHistoryWhenComplete();
}

function recreate(draft: Draft, { deployment, otherPodsRun }: View): void {
  draft.refreshNewest();
  const { old, newest } = draft.rollout;
  const running = active(old);
  if (running.length > 0) {
    draft.resize(running.map((replicaSet) => ({ replicaSet, size: 0 })));
    return;
  }
  if (sum(old, ({ status }) => status?.replicas) > 0 || otherPodsRun(newest)) return;
  if (!newest) draft.makeNewest();
  const made = draft.rollout.newest;
  if (made && sizeOf(made) !== wantedOf(deployment)) draft.resize([{ replicaSet: made, size: wantedOf(deployment) }]);
  draft.forgetHistoryWhenComplete();
}

/** The ReplicaSet of a template. */
export function newestOf(template: PodTemplateSpec, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return replicaSets.toSorted(byCreation).find(({ spec }) => spec.template && sameTemplate(spec.template, template));
}

/** Equal but for the hash label that ReplicaSets add. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return equal(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  if (template.metadata?.labels?.[hashLabel] === undefined) return template;
  const { [hashLabel]: _, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** The state a plan works towards: ReplicaSets as they will be, and what was decided on the way. */
class Draft {
  rollout: Rollout;
  #status: DeploymentStatus;
  #create: ReplicaSet | undefined;
  readonly #view: View;
  readonly #before: ReadonlyMap<string | undefined, ReplicaSet>;
  readonly #remove: ReplicaSet[] = [];
  readonly #events: string[] = [];
  readonly #annotations: Record<string, string> = {};

  constructor(view: View) {
    const { deployment, replicaSets } = view;
    const newest = newestOf(deployment.spec.template, replicaSets);
    this.#view = view;
    this.#status = deployment.status ?? {};
    this.#before = new Map(replicaSets.map((one) => [one.metadata.name, one]));
    this.rollout = { deployment, newest, old: replicaSets.filter((one) => one !== newest) };
  }

  notePause(): void {
    const { deployment, now } = this.#view;
    this.#status = { ...this.#status, conditions: pausedConditions(deployment, this.#status.conditions, now) };
  }

  wasResized(): boolean {
    return wasResized(this.rollout);
  }

  #revision(): bigint {
    return this.rollout.old.map(revisionOf).reduce((most, one) => (one > most ? one : most), 0n) + 1n;
  }

  /** Brings what the newest ReplicaSet repeats of the Deployment up to date. False when there is none. */
  refreshNewest(): boolean {
    const { deployment, newest } = this.rollout;
    if (!newest) return false;
    const annotations = newestAnnotations(deployment, newest.metadata.annotations ?? {}, this.#revision());
    const minReadySeconds = deployment.spec.minReadySeconds;
    const refreshed = { ...newest, metadata: { ...newest.metadata, annotations }, spec: { ...newest.spec, minReadySeconds } };
    this.rollout = { ...this.rollout, newest: refreshed };
    this.#setRevision(annotations[revisionAnnotation]);
    if (!getCondition(this.#status.conditions, 'Progressing')) {
      this.#setProgress('FoundNewReplicaSet', `Found new replica set ${JSON.stringify(newest.metadata.name)}`);
    }
    return true;
  }

  makeNewest(): void {
    const { deployment, old } = this.rollout;
    const made = replicaSetFor(deployment, this.#status.collisionCount, this.#revision());
    const size = newestSize(deployment, old, 0);
    this.#create = { ...made, spec: { ...made.spec, replicas: size } };
    this.rollout = { ...this.rollout, newest: this.#create };
    if (size > 0) this.#events.push(`Scaled up replica set ${made.metadata.name} from 0 to ${size}`);
    this.#setRevision(made.metadata.annotations?.[revisionAnnotation]);
    this.#setProgress('NewReplicaSetCreated', `Created new replica set ${JSON.stringify(made.metadata.name)}`);
  }

  #setRevision(revision: string | undefined): void {
    if (revision !== undefined && this.#view.deployment.metadata.annotations?.[revisionAnnotation] !== revision) {
      this.#annotations[revisionAnnotation] = revision;
    }
  }

  #setProgress(reason: string, message: string): void {
    const { deployment, now } = this.#view;
    if (!hasDeadline(deployment)) return;
    const condition = newCondition('Progressing', 'True', reason, message, now);
    this.#status = { ...this.#status, conditions: withCondition(this.#status.conditions, condition) };
  }

  resize(steps: readonly Resize[]): void {
    const { deployment } = this.rollout;
    for (const { replicaSet, size } of steps) {
      const from = sizeOf(replicaSet);
      const { metadata, spec } = replicaSet;
      const annotations = { ...metadata.annotations, ...sizeAnnotations(deployment) };
      this.#replace({ ...replicaSet, metadata: { ...metadata, annotations }, spec: { ...spec, replicas: size } });
      if (size === from) continue;
      this.#events.push(`Scaled ${size > from ? 'up' : 'down'} replica set ${metadata.name} from ${from} to ${size}`);
    }
  }

  #replace(next: ReplicaSet): void {
    const { newest, old } = this.rollout;
    const isNext = (one: ReplicaSet | undefined): boolean => one?.metadata.name === next.metadata.name;
    if (isNext(this.#create)) this.#create = next;
    this.rollout = { ...this.rollout, newest: isNext(newest) ? next : newest, old: old.map((one) => (isNext(one) ? next : one)) };
  }

  forgetHistoryWhenComplete(): void {
    const { deployment } = this.#view;
    if (isComplete(deployment, deployment.status ?? {})) this.forgetHistory();
  }

  /** Drops the oldest revisions that have no pods, down to the limit. */
  forgetHistory(): void {
    const { revisionHistoryLimit } = this.#view.deployment.spec;
    if (revisionHistoryLimit === undefined) return;
    const alive = this.rollout.old.filter(({ metadata }) => !metadata.deletionTimestamp);
    const excess = alive
      .toSorted((a, b) => Number(revisionOf(a) - revisionOf(b)) || byCreation(a, b))
      .slice(0, Math.max(0, alive.length - revisionHistoryLimit));
    this.#remove.push(...excess.filter(isEmpty));
  }

  finish(statusOf: (rollout: Rollout, status: DeploymentStatus) => DeploymentStatus): Plan {
    const { deployment, now } = this.#view;
    const known = allOf(this.rollout).filter((one) => one !== this.#create);
    const status = statusOf(this.rollout, this.#status);
    return {
      create: this.#create,
      update: known.filter((one) => changed(this.#before.get(one.metadata.name), one)),
      remove: this.#remove,
      events: this.#events,
      status,
      annotations: this.#annotations,
      again: untilDeadline(deployment, status, now),
    };
  }
}

function changed(before: ReplicaSet | undefined, after: ReplicaSet): boolean {
  if (!before || before === after) return false;
  const { metadata, spec } = before;
  return (
    sizeOf(before) !== sizeOf(after) ||
    (spec.minReadySeconds ?? 0) !== (after.spec.minReadySeconds ?? 0) ||
    !equal({ annotations: metadata.annotations }, { annotations: after.metadata.annotations })
  );
}

function isEmpty({ metadata, spec, status }: ReplicaSet): boolean {
  return (status?.replicas ?? 0) === 0 && (spec.replicas ?? 1) === 0 && (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
}

/** A ReplicaSet of the Deployment's present template, with no size yet. */
export function replicaSetFor(deployment: Deployment, collisionCount: number | undefined, revision: bigint): ReplicaSet {
  const { metadata, spec } = deployment;
  const hash = objectHash(spec.template, collisionCount);
  const labels = { ...spec.template.metadata?.labels, [hashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: { ...newestAnnotations(deployment, {}, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [newControllerRef(metadata, Deployment)],
    },
    spec: {
      minReadySeconds: spec.minReadySeconds,
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [hashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}
