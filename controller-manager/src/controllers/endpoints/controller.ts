import { type Clock, errorMessage } from '@keelson/base';
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
import { isGone, isNamespaceEnding } from '../../api-errors.ts';
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
      const written = await write(key, wanted, context);
      if (written) expectations.written(key, context.of(Endpoints), written);
      return undefined;
    },
  });
}

/** Undefined where nothing new is let in, which needs no second try. @throws ApiError, told in an event. */
async function write(key: Key, wanted: Endpoints, { api, events }: ReconcileContext): Promise<Endpoints | undefined> {
  const isNew = !wanted.metadata.uid;
  try {
    return await (isNew ? api.create(Endpoints, wanted) : api.update(Endpoints, wanted));
  } catch (error) {
    if (isNew && isNamespaceEnding(error)) return undefined;
    const [reason, what] = isNew
      ? ['FailedToCreateEndpoint', 'create endpoint for service']
      : ['FailedToUpdateEndpoint', 'update endpoint'];
    events.event(wanted, 'Warning', reason, `Failed to ${what} ${key}: ${errorMessage(error)}`);
    throw error;
  }
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
