import { type Clock, errorMessage } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { controllerOf, isControlledBy, isPodTerminal, labelSelectorMatcher } from '@keelson/machinery';
import {
  type ControllerDefinition,
  defineController,
  Expectations,
  type Key,
  keyOf,
  mapped,
  type Outcome,
  ownerUid,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import { Deployment, type DeploymentStatus, Event, Pod, ReplicaSet } from '@keelson/types';
import { isAlreadyThere, isGone, isNamespaceEnding } from '../../api-errors.ts';
import { claim, controllerUid, mayAdopt, orphanNamespace, orphans, planClaims, refersTo } from '../../claims.ts';
import { type Plan, planDeployment, sameTemplate } from './plan.ts';
import { isRolling } from './sizes.ts';
import { hasDeadline, newCondition, statusChanged, withCondition } from './status.ts';

/** Moves each Deployment's pods from one template to the next, through ReplicaSets. */
export function deploymentController(workers: number, clock: Clock): ControllerDefinition {
  const controller = new Deployments(clock);
  return defineController({
    name: 'deployment',
    reads: [Deployment, ReplicaSet, Pod],
    writes: [ReplicaSet, 'deployments/status', Event],
    triggers: [
      self(Deployment),
      mapped(ReplicaSet, deploymentsOf, { indexes: { [ownerUid]: controllerUid, [orphans]: orphanNamespace } }),
      // Recreate waits for the last pod to be gone.
      mapped(Pod, recreatedBy, {
        when: ({ type, object }) => type === 'deleted' || isPodTerminal(object),
        indexes: { [ownerUid]: controllerUid },
      }),
    ],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

function deploymentsOf({ metadata }: ReplicaSet, stores: Stores): readonly Key[] {
  const owner = controllerOf(metadata);
  if (owner) return refersTo(owner, Deployment) ? [`${metadata.namespace}/${owner.name}`] : [];
  if (metadata.deletionTimestamp) return [];
  return stores
    .of(Deployment)
    .list(metadata.namespace)
    .filter(({ spec }) => mayAdopt(spec.selector, metadata.labels))
    .map(keyOf);
}

function recreatedBy({ metadata }: Pod, stores: Stores): readonly Key[] {
  const owner = controllerOf(metadata);
  if (!owner || !refersTo(owner, ReplicaSet)) return [];
  const replicaSet = stores.of(ReplicaSet).get(`${metadata.namespace}/${owner.name}`);
  const keys = replicaSet ? deploymentsOf(replicaSet, stores) : [];
  return keys.filter((key) => {
    const deployment = stores.of(Deployment).get(key);
    return deployment !== undefined && !isRolling(deployment);
  });
}

class Deployments {
  readonly #clock: Clock;
  readonly #expectations: Expectations;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#expectations = new Expectations(clock);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const deployment = context.of(Deployment).get(key);
    if (!deployment) {
      this.#expectations.forget(key);
      return undefined;
    }
    if (!this.#expectations.satisfied(key)) return undefined;
    const selector = labelSelectorMatcher(deployment.spec.selector);
    if (selector.empty) return this.#refuse(key, deployment, context);
    const claims = planClaims(deployment.metadata, selector, candidatesOf(deployment, context));
    const replicaSets = await claim(claims, { api: context.api, owner: deployment, ownerKind: Deployment, kind: ReplicaSet });
    const now = this.#clock.now();
    const otherPodsRun = (newest: ReplicaSet | undefined): boolean =>
      podsRun(
        replicaSets.filter(({ metadata }) => metadata.uid !== newest?.metadata.uid),
        context,
      );
    const plan = planDeployment({ deployment, replicaSets, otherPodsRun, now });
    await this.#carryOut(key, deployment, plan, context);
    return plan.again === undefined ? undefined : { again: plan.again };
  }

  async #refuse(key: Key, deployment: Deployment, context: ReconcileContext): Promise<Outcome> {
    context.events.event(deployment, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
    const { generation } = deployment.metadata;
    if (deployment.status?.observedGeneration !== generation) {
      await this.#writeStatus(key, deployment, { ...deployment.status, observedGeneration: generation }, {}, context);
    }
    return undefined;
  }

  async #carryOut(key: Key, deployment: Deployment, plan: Plan, context: ReconcileContext): Promise<void> {
    const { api, of, events } = context;
    if (plan.create && !(await this.#create(key, deployment, plan.create, context))) return;
    for (const replicaSet of plan.update) this.#expectations.written(key, of(ReplicaSet), await api.update(ReplicaSet, replicaSet));
    for (const message of plan.events) events.event(deployment, 'Normal', 'ScalingReplicaSet', message);
    for (const replicaSet of plan.remove) await this.#remove(key, replicaSet, context);
    await this.#writeStatus(key, deployment, plan.status, plan.annotations, context);
  }

  /** False when the name is taken: by a stranger, then another is tried, or by this Deployment's own, not seen yet. */
  async #create(key: Key, deployment: Deployment, replicaSet: ReplicaSet, context: ReconcileContext): Promise<boolean> {
    const { api, of } = context;
    try {
      this.#expectations.written(key, of(ReplicaSet), await api.create(ReplicaSet, replicaSet));
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (isAlreadyThere(error)) await this.#meet(key, deployment, replicaSet, context);
      else if (!isNamespaceEnding(error)) await this.#fail(key, deployment, replicaSet, error, context);
      return false;
    }
  }

  async #meet(key: Key, deployment: Deployment, wanted: ReplicaSet, context: ReconcileContext): Promise<void> {
    const { name = '', namespace } = wanted.metadata;
    const present = await context.api.get(ReplicaSet, { name, namespace });
    const own = isControlledBy(present.metadata, deployment.metadata);
    if (own && present.spec.template && sameTemplate(present.spec.template, deployment.spec.template)) {
      this.#expectations.written(key, context.of(ReplicaSet), present);
      if (this.#expectations.satisfied(key)) throw new Error(`replica set ${name} is there and was not seen`);
      return;
    }
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await this.#writeStatus(key, deployment, { ...deployment.status, collisionCount }, {}, context);
  }

  async #fail(key: Key, deployment: Deployment, wanted: ReplicaSet, error: ApiError, context: ReconcileContext): Promise<void> {
    const message = `Failed to create new replica set ${JSON.stringify(wanted.metadata.name)}: ${errorMessage(error)}`;
    context.events.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
    if (hasDeadline(deployment)) {
      const condition = newCondition('Progressing', 'False', 'ReplicaSetCreateError', message, this.#clock.now());
      const conditions = withCondition(deployment.status?.conditions, condition);
      await this.#writeStatus(key, deployment, { ...deployment.status, conditions }, {}, context);
    }
    throw error;
  }

  async #remove(key: Key, replicaSet: ReplicaSet, { api, of }: ReconcileContext): Promise<void> {
    const { name = '', namespace } = replicaSet.metadata;
    try {
      await api.delete(ReplicaSet, { name, namespace });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.#expectations.deleted(key, of(ReplicaSet), replicaSet);
  }

  /** Writes status and revision in one: annotations may change with the status. */
  async #writeStatus(
    key: Key,
    deployment: Deployment,
    status: DeploymentStatus,
    annotations: Readonly<Record<string, string>>,
    { api, of }: ReconcileContext,
  ): Promise<void> {
    if (!statusChanged(deployment.status, status) && Object.keys(annotations).length === 0) return;
    const metadata = { ...deployment.metadata, annotations: { ...deployment.metadata.annotations, ...annotations } };
    const written = await api.update(Deployment, { ...deployment, metadata, status }, { subresource: 'status' });
    this.#expectations.written(key, of(Deployment), written);
  }
}

/** ReplicaSets it controls, and those that nobody controls. */
function candidatesOf({ metadata }: Deployment, { of }: Stores): readonly ReplicaSet[] {
  const replicaSets = of(ReplicaSet);
  return [...replicaSets.byIndex(ownerUid, metadata.uid ?? ''), ...replicaSets.byIndex(orphans, metadata.namespace ?? '')];
}

function podsRun(replicaSets: readonly ReplicaSet[], { of }: Stores): boolean {
  return replicaSets.some(({ metadata }) =>
    of(Pod)
      .byIndex(ownerUid, metadata.uid ?? '')
      .some((pod) => !isPodTerminal(pod)),
  );
}
