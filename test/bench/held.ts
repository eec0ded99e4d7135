import type { Api } from '@keelson/client';
import { eventually } from '@keelson/testing';
import { Node } from '@keelson/types';

/** A pod that goes only to nodes of `addNodes`. */
export const heldPod = {
  nodeSelector: { bench: 'held' },
  containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10.2', resources: { requests: { cpu: '100m' } } }],
};

/** Adds nodes that nobody serves, and waits until pods may go to them. Their leases are never renewed: they count as alive for 50 s. */
export async function addNodes(api: Api, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => addNode(api, `held-${n}`)));
  await eventually(async () => (await api.list(Node, {})).items.filter(({ spec }) => !spec?.taints?.length).length >= count, {
    deadlineMs: 20_000,
    message: 'the nodes take pods',
  });
}

async function addNode(api: Api, name: string): Promise<void> {
  await api.create(Node, { metadata: { name, labels: { bench: 'held' } }, spec: {} });
  const resources = { cpu: '32', memory: '64Gi', pods: '110' };
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
  const patch = { status: { capacity: resources, allocatable: resources, conditions } };
  await api.patch(Node, { name }, 'application/merge-patch+json', patch, { subresource: 'status' });
}
