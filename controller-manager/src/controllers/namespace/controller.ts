import { Backoff, type Clock, errorMessage } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { type ControllerDefinition, defineController, mapped, type Outcome, type ReconcileContext, self } from '@keelson/runtime';
import { Namespace, Pod } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { type Discovered, discover } from '../../discovery.ts';
import { type Emptying, finalizer, isEmptied, planConditions } from './plan.ts';

/** Empties namespaces that were deleted, then lets them go. */
export function namespaceController(workers: number, clock: Clock): ControllerDefinition {
  const backoff = new Backoff({ initial: 50, max: 5000 }, clock);
  return defineController({
    name: 'namespace',
    reads: [Namespace, Pod],
    writes: ['*'],
    triggers: [
      self(Namespace, ({ object }) => Boolean(object.metadata.deletionTimestamp)),
      // The last pod gone, the rest can go.
      mapped(Pod, ({ metadata }) => [metadata.namespace ?? ''], { when: ({ type }) => type === 'deleted' }),
    ],
    workers,
    async reconcile(key, context) {
      const namespace = context.of(Namespace).get(key);
      const ending = namespace?.metadata.deletionTimestamp && namespace.spec?.finalizers?.includes(finalizer);
      if (!namespace || !ending) {
        backoff.reset(key);
        return undefined;
      }
      return end(namespace, context, () => backoff.next(key));
    },
  });
}

async function end(namespace: Namespace, context: ReconcileContext, nextDelay: () => number): Promise<Outcome> {
  const { api, clock } = context;
  const emptying = await empty(namespace.metadata.name ?? '', context);
  try {
    if (isEmptied(emptying)) {
      const finalizers = namespace.spec?.finalizers?.filter((one) => one !== finalizer) ?? [];
      await api.update(Namespace, { ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: 'finalize' });
      return undefined;
    }
    const conditions = planConditions(namespace, emptying, clock.now());
    const status = { ...namespace.status, phase: 'Terminating', conditions };
    if (conditions) await api.update(Namespace, { ...namespace, status }, { subresource: 'status' });
    return { again: nextDelay() };
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return undefined;
}

/** Deletes what is in the namespace, pods before everything else, and looks what is left. */
async function empty(namespace: string, context: ReconcileContext): Promise<Emptying> {
  const { resources, stale } = await discover(context.api);
  const inside = resources.filter(({ kind, verbs }) => kind.namespaced && verbs.includes('delete') && verbs.includes('list'));
  const report = {
    discoveryFailures: stale,
    failures: [] as string[],
    remaining: new Map<string, number>(),
    held: new Map<string, number>(),
  };
  const isPods = ({ kind }: Discovered): boolean => kind.group === '' && kind.resource === 'pods';
  for (const wave of [inside.filter(isPods), inside.filter((one) => !isPods(one))]) {
    await Promise.all(wave.map((resource) => clear(resource, namespace, context, report)));
    if (report.remaining.size > 0) break;
  }
  return report;
}

interface Report {
  readonly failures: string[];
  readonly remaining: Map<string, number>;
  readonly held: Map<string, number>;
}

async function clear({ kind, verbs }: Discovered, namespace: string, { api }: ReconcileContext, report: Report): Promise<void> {
  try {
    const before = (await api.list(kind, { namespace })).items;
    if (before.length === 0) return;
    if (verbs.includes('deletecollection')) await api.deleteCollection(kind, { namespace }, { propagationPolicy: 'Background' });
    else
      for (const { metadata } of before)
        await api.delete(kind, { name: metadata.name ?? '', namespace }, { propagationPolicy: 'Background' });
    const { items } = await api.list(kind, { namespace });
    if (items.length > 0) report.remaining.set(`${kind.resource}.${kind.group}`, items.length);
    for (const { metadata } of items) for (const name of metadata.finalizers ?? []) report.held.set(name, (report.held.get(name) ?? 0) + 1);
  } catch (error) {
    // Not served (any more): nothing of it is here.
    if (error instanceof ApiError && (error.code === 404 || error.code === 405)) return;
    report.failures.push(errorMessage(error));
  }
}
