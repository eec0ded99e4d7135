import { type Clock, errorMessage, type Logger, type Random } from '@keelson/base';
import type { Api } from '@keelson/client';
import { createInformers } from '@keelson/runtime';
import { type ClusterRole, type ClusterRoleBinding, Node } from '@keelson/types';

export interface NeighbourDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Leads to the pods of these nodes. */
  connect(nodes: readonly Node[]): Promise<void>;
}

/**
 * Leads to other nodes' pods for as long as `signal` lasts. Nothing waits for it: by itself a kubelet may see no node but its own, and where
 * nobody has granted more (`neighbourGrant`) it asks again, now and then, and the pods of this node reach each other all the same.
 */
export function followNeighbours({ api, clock, random, log, connect }: NeighbourDeps, signal: AbortSignal): void {
  const informers = createInformers({ api, clock, random, log });
  const nodes = informers.for(Node);
  nodes.onChange(() => {
    connect(nodes.store.list()).catch((error: unknown) => log.warn('cannot reach the pods of other nodes', { error: errorMessage(error) }));
  });
  informers.start(signal).catch(() => undefined);
}

const apiGroup = 'rbac.authorization.k8s.io';
const name = 'keelson:pod-network';

/** Lets kubelets see each other's nodes: who starts a cluster whose pod network kubelets make applies it. */
export const neighbourGrant: { readonly role: ClusterRole; readonly binding: ClusterRoleBinding } = {
  role: { metadata: { name }, rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] }] },
  binding: {
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name },
    subjects: [{ apiGroup, kind: 'Group', name: 'system:nodes' }],
  },
};
