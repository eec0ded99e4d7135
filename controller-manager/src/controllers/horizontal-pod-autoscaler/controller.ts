import { type Clock, errorMessage } from '@keelson/base';
import { equal, type LabelSelectorMatcher, parseLabelSelector } from '@keelson/machinery';
import { type ControllerDefinition, defineController, type Key, type Outcome, type ReconcileContext, self } from '@keelson/runtime';
import { Event, HorizontalPodAutoscaler, Pod } from '@keelson/types';
import { firstHistory, type History, rememberChange } from './behavior.ts';
import {
  type AutoscalerConfig,
  asksMetrics,
  type Decision,
  decide,
  type Notice,
  type Outlook,
  statusChanged,
  statusOf,
  warning,
} from './plan.ts';
import { readUsage } from './pod-metrics.ts';
import { ScaleTargets, type TargetScale } from './scale-targets.ts';

/** Gives each autoscaler's target as many replicas as its metrics ask for. Looks again every sync period, whatever happens meanwhile. */
export function horizontalPodAutoscalerController(workers: number, config: AutoscalerConfig, clock: Clock): ControllerDefinition {
  const controller = new Autoscalers(config, clock);
  return defineController({
    name: 'horizontal-pod-autoscaler',
    reads: [HorizontalPodAutoscaler, Pod],
    writes: ['*/scale', 'horizontalpodautoscalers/status', Event],
    triggers: [self(HorizontalPodAutoscaler, (change) => change.type !== 'updated' || !equal(change.object.spec, change.old.spec))],
    workers,
    reconcile: (key, context) => controller.reconcile(key, context),
  });
}

class Autoscalers {
  readonly #config: AutoscalerConfig;
  readonly #clock: Clock;
  readonly #targets: ScaleTargets;
  readonly #histories = new Map<Key, History>();
  /** Selectors of all targets, to tell when two autoscalers would count the same pods. */
  readonly #selectors = new Map<Key, LabelSelectorMatcher>();

  constructor(config: AutoscalerConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#targets = new ScaleTargets(clock);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const autoscaler = context.of(HorizontalPodAutoscaler).get(key);
    if (!autoscaler) {
      this.#histories.delete(key);
      this.#selectors.delete(key);
      return undefined;
    }
    try {
      await this.#look(key, autoscaler, context);
    } catch (error) {
      // It is told in the autoscaler's events and conditions; the next look comes no sooner for it.
      context.log.debug(`failed to sync autoscaler: ${errorMessage(error)}`, { key });
    }
    return { again: this.#config.syncPeriod };
  }

  async #look(key: Key, autoscaler: HorizontalPodAutoscaler, context: ReconcileContext): Promise<void> {
    const { namespace = '' } = autoscaler.metadata;
    let target: TargetScale;
    try {
      target = await this.#targets.read(context.api, autoscaler.spec.scaleTargetRef, namespace);
    } catch (error) {
      return this.#unreadable(autoscaler, errorMessage(error), context);
    }
    const current = target.scale.spec?.replicas ?? 0;
    const history = this.#histories.get(key) ?? firstHistory(current, this.#clock.now());
    this.#histories.set(key, history);
    const decision = await this.#decide(key, autoscaler, { target, history }, context);
    this.#histories.set(key, decision.history);
    this.#tell(autoscaler, decision.notices, context);
    const known = { current, currentMetrics: decision.currentMetrics, conditions: [gotScale, ...decision.conditions] };
    const { replicas = current } = decision;
    if (replicas !== current) return this.#rescale(key, autoscaler, { target, decision, known, replicas }, context);
    const desired = decision.replicas ?? autoscaler.status?.desiredReplicas ?? 0;
    await this.#writeStatus(autoscaler, { ...known, desired, rescaled: false }, context);
  }

  async #decide(
    key: Key,
    autoscaler: HorizontalPodAutoscaler,
    { target, history }: { readonly target: TargetScale; readonly history: History },
    { of, api }: ReconcileContext,
  ): Promise<Decision> {
    const { namespace = '' } = autoscaler.metadata;
    const { spec, status } = target.scale;
    const { replicas = 0 } = spec ?? {};
    const { selector = '' } = status ?? {};
    const counts = selector !== '' && asksMetrics(autoscaler, replicas);
    const matcher = counts ? parseLabelSelector(selector) : undefined;
    if (matcher) this.#selectors.set(key, matcher);
    const pods = matcher
      ? of(Pod)
          .list(namespace)
          .filter(({ metadata }) => matcher.matches(metadata.labels))
      : [];
    const usage = counts ? await readUsage(api, namespace, selector) : ({ type: 'known', metrics: [] } as const);
    const seen = { autoscaler, replicas, selector, pods, rivals: this.#rivals(namespace, pods), usage, history, now: this.#clock.now() };
    return decide(seen, this.#config);
  }

  #rivals(namespace: string, pods: readonly Pod[]): Key[] {
    return [...this.#selectors]
      .filter(([key, matcher]) => key.startsWith(`${namespace}/`) && pods.some(({ metadata }) => matcher.matches(metadata.labels)))
      .map(([key]) => key);
  }

  async #unreadable(autoscaler: HorizontalPodAutoscaler, why: string, context: ReconcileContext): Promise<void> {
    this.#tell(autoscaler, [warning('FailedGetScale', why)], context);
    const { currentReplicas: current = 0, desiredReplicas: desired = 0, currentMetrics = [] } = autoscaler.status ?? {};
    const condition = unable('FailedGetScale', `the HPA controller was unable to get the target's current scale: ${why}`);
    await this.#writeStatus(autoscaler, { current, desired, currentMetrics, conditions: [condition], rescaled: false }, context);
  }

  async #rescale(key: Key, autoscaler: HorizontalPodAutoscaler, change: Rescale, context: ReconcileContext): Promise<void> {
    const { target, decision, known, replicas } = change;
    try {
      await this.#targets.write(context.api, target, replicas);
    } catch (error) {
      const why = errorMessage(error);
      const message = `New size: ${replicas}; reason: ${decision.why}; error: ${why}`;
      this.#tell(autoscaler, [warning('FailedRescale', message)], context);
      const condition = unable('FailedUpdateScale', `the HPA controller was unable to update the target scale: ${why}`);
      const desired = autoscaler.status?.desiredReplicas ?? 0;
      const outlook = { ...known, desired, conditions: [...known.conditions, condition], rescaled: false };
      return this.#writeStatus(autoscaler, outlook, context);
    }
    const { behavior } = autoscaler.spec;
    this.#histories.set(key, rememberChange(decision.history, known.current, replicas, this.#clock.now(), behavior));
    this.#tell(
      autoscaler,
      [{ type: 'Normal', reason: 'SuccessfulRescale', message: `New size: ${replicas}; reason: ${decision.why}` }],
      context,
    );
    const outlook = { ...known, desired: replicas, conditions: [...known.conditions, rescaledTo(replicas)], rescaled: true };
    await this.#writeStatus(autoscaler, outlook, context);
  }

  #tell(autoscaler: HorizontalPodAutoscaler, notices: readonly Notice[], { events }: ReconcileContext): void {
    for (const { type, reason, message } of notices) events.event(autoscaler, type, reason, message);
  }

  async #writeStatus(autoscaler: HorizontalPodAutoscaler, outlook: Outlook, context: ReconcileContext): Promise<void> {
    const status = statusOf(autoscaler, outlook, this.#clock.now());
    if (!statusChanged(autoscaler, status)) return;
    try {
      await context.api.update(HorizontalPodAutoscaler, { ...autoscaler, status }, { subresource: 'status' });
    } catch (error) {
      this.#tell(autoscaler, [warning('FailedUpdateStatus', errorMessage(error))], context);
      throw error;
    }
  }
}

interface Rescale {
  readonly target: TargetScale;
  readonly decision: Decision;
  readonly known: Pick<Outlook, 'current' | 'currentMetrics' | 'conditions'>;
  readonly replicas: number;
}

type Condition = Outlook['conditions'][number];

const gotScale: Condition = {
  type: 'AbleToScale',
  status: 'True',
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
};

function rescaledTo(replicas: number): Condition {
  const message = `the HPA controller was able to update the target scale to ${replicas}`;
  return { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message };
}

function unable(reason: string, message: string): Condition {
  return { type: 'AbleToScale', status: 'False', reason, message };
}
