import { timestamp } from '@keelson/base';
import { type ControllerDefinition, defineController, mapped, type ReconcileContext } from '@keelson/runtime';
import { type Condition, Event, IPAddress, ServiceCIDR } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { finalizer, holds, type Plan, planRange } from './plan.ts';

/** Keeps ranges of service addresses until no address needs them, and says whether they are ready. */
export function serviceCIDRController(): ControllerDefinition {
  return defineController({
    name: 'service-cidr-controller',
    reads: [ServiceCIDR, IPAddress],
    writes: [ServiceCIDR, 'servicecidrs/status', Event],
    triggers: [
      // One range may take over what another held, so all are looked at when one changes: there are few.
      mapped(ServiceCIDR, (_range, stores) => namesOf(stores.of(ServiceCIDR).list())),
      mapped(IPAddress, ({ metadata }, stores) =>
        namesOf(
          stores
            .of(ServiceCIDR)
            .list()
            .filter((range) => range.metadata.deletionTimestamp && holds(range, metadata.name ?? '')),
        ),
      ),
    ],
    async reconcile(key, context) {
      const range = context.of(ServiceCIDR).get(key);
      if (!range) return undefined;
      const ranges = {
        all: context.of(ServiceCIDR).list(),
        addresses: range.metadata.deletionTimestamp ? context.of(IPAddress).list() : [],
      };
      const plan = planRange(range, ranges, context.clock.now());
      if (plan.do === 'wait') return { again: plan.ms };
      try {
        await act(plan, range, context);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}

function namesOf(ranges: readonly ServiceCIDR[]): string[] {
  return ranges.flatMap(({ metadata: { name } }) => name ?? []);
}

async function act(plan: Plan, range: ServiceCIDR, { api, clock }: ReconcileContext): Promise<void> {
  const { metadata } = range;
  const { finalizers = [] } = metadata;
  if (plan.do === 'hold') await api.update(ServiceCIDR, { ...range, metadata: { ...metadata, finalizers: [...finalizers, finalizer] } });
  if (plan.do === 'release') {
    const rest = finalizers.filter((one) => one !== finalizer);
    await api.update(ServiceCIDR, { ...range, metadata: { ...metadata, finalizers: rest } });
  }
  if (plan.do !== 'say') return;
  const condition: Condition = { ...plan.condition, lastTransitionTime: timestamp(clock) };
  const others = range.status?.conditions?.filter(({ type }) => type !== condition.type) ?? [];
  await api.update(ServiceCIDR, { ...range, status: { conditions: [...others, condition] } }, { subresource: 'status' });
}
