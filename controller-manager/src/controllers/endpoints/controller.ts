import type { Clock } from '@keelson/base';
import {
  type ControllerDefinition,
  defineController,
  Expectations,
  type Key,
  type Outcome,
  type ReconcileContext,
  self,
  splitKey,
} from '@keelson/runtime';
import { Endpoints, Event, Pod, Service } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { Pace } from '../../pace.ts';
import { podsOf, servicesOfPods } from '../../service-pods.ts';
import { planEndpoints } from './plan.ts';

/** Each write carries all addresses of the Service and few read them: they are not written often while pods come and go. */
const longestRest = 250;

/** Keeps the older form of a Service's addresses, one object for all of them. */
export function endpointsController(workers: number, clock: Clock): ControllerDefinition {
  const expectations = new Expectations(clock);
  const pace = new Pace(clock, longestRest);
  return defineController({
    name: 'endpoint',
    reads: [Service, Pod, Endpoints],
    writes: [Endpoints, Event],
    triggers: [self(Service), servicesOfPods, self(Endpoints)],
    workers,
    async reconcile(key, context) {
      const service = context.of(Service).get(key);
      if (!service) {
        expectations.forget(key);
        pace.forget(key);
        return removeLeft(key, context);
      }
      if (!service.spec.selector || service.spec.type === 'ExternalName' || !expectations.satisfied(key)) return undefined;
      const wait = pace.wait(key);
      if (wait > 0) return { again: wait };
      const pods = podsOf(service, context);
      pace.worked(key, pods.length);
      const wanted = planEndpoints(service, pods, context.of(Endpoints).get(key));
      if (!wanted) return undefined;
      const write = wanted.metadata.uid ? context.api.update(Endpoints, wanted) : context.api.create(Endpoints, wanted);
      expectations.written(key, context.of(Endpoints), await write);
      return undefined;
    },
  });
}

/** Endpoints of a Service that is gone, unless someone else keeps them. */
async function removeLeft(key: Key, { api, of }: ReconcileContext): Promise<Outcome> {
  const left = of(Endpoints).get(key);
  if (left?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] !== 'endpoint-controller') return undefined;
  try {
    await api.delete(Endpoints, splitKey(key), { preconditions: { uid: left.metadata.uid } });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return undefined;
}
