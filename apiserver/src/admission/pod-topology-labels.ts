import { type Binding, Node, Pod } from '@keelson/types';
import type { AdmissionPlugin } from './types.ts';

const topology = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/**
 * A pod has the zone and region of the node it is bound to as labels, over its own. On a binding they become the binding's labels, which
 * binding gives to the pod. A node that is not there, or has no such labels, changes nothing.
 */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  async admit({ operation, store, subresource, object, registry }) {
    if (operation !== 'CREATE' || store.kind.typeName !== Pod.typeName || !object) return;
    const holder = object as Pod | Binding;
    const name = subresource === '' ? (holder as Pod).spec?.nodeName : subresource === 'binding' ? targetOf(holder as Binding) : undefined;
    if (!name) return;
    const labels = (await registry.readFresh(Node, '', name))?.metadata.labels ?? {};
    const copied = topology.filter((key) => labels[key] !== undefined).map((key) => [key, labels[key] ?? ''] as const);
    if (copied.length > 0) holder.metadata.labels = { ...holder.metadata.labels, ...Object.fromEntries(copied) };
  },
};

function targetOf({ target }: Binding): string | undefined {
  return target?.kind === 'Node' ? target.name : undefined;
}
