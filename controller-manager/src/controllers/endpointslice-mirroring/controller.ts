import { type ControllerDefinition, defineController, mapped, type ReconcileContext, self } from '@keelson/runtime';
import { EndpointSlice, Endpoints, Event, Service } from '@keelson/types';
import { isGone, isNamespaceEnding } from '../../api-errors.ts';
import { isMirrored, managedBy, manager, planMirror, serviceLabel } from './plan.ts';

const mirrorOf = 'mirrorOf';

/** Shows Endpoints that somebody made by hand, for a Service without a selector, as EndpointSlices. */
export function endpointSliceMirroringController(workers: number): ControllerDefinition {
  return defineController({
    name: 'endpointslicemirroring',
    reads: [Endpoints, Service, EndpointSlice],
    writes: [EndpointSlice, Event],
    triggers: [
      self(Endpoints),
      mapped(Service, ({ metadata }) => [`${metadata.namespace}/${metadata.name}`]),
      mapped(EndpointSlice, mirroredKey, { indexes: { [mirrorOf]: (slice: EndpointSlice) => mirroredKey(slice) } }),
    ],
    workers,
    async reconcile(key, context) {
      const endpoints = context.of(Endpoints).get(key);
      const mirrored = endpoints && isMirrored(endpoints, context.of(Service).get(key)) ? endpoints : undefined;
      const present = context.of(EndpointSlice).byIndex(mirrorOf, key);
      await carryOut(planMirror(mirrored, present), context);
      return undefined;
    },
  });
}

function mirroredKey({ metadata }: EndpointSlice): string[] {
  return metadata.labels?.[managedBy] === manager ? [`${metadata.namespace}/${metadata.labels[serviceLabel] ?? ''}`] : [];
}

async function carryOut({ create, update, remove }: ReturnType<typeof planMirror>, { api }: ReconcileContext): Promise<void> {
  try {
    for (const slice of create) await api.create(EndpointSlice, slice);
    for (const slice of update) await api.update(EndpointSlice, slice);
    for (const { metadata } of remove) await api.delete(EndpointSlice, { name: metadata.name ?? '', namespace: metadata.namespace });
  } catch (error) {
    if (!isGone(error) && !isNamespaceEnding(error)) throw error;
  }
}
