import type { Clock } from '@keelson/base';
import { ApiError, createApi, loadKubeconfig, transportFor } from '@keelson/client';
import { neighbourGrant } from '@keelson/kubelet/network';
import { ClusterRole, ClusterRoleBinding } from '@keelson/types';
import { clusterPaths } from './cluster/paths.ts';

/** Lets the kubelets, which make the pod network, see each other's nodes. */
export async function grantNeighbours(dataDir: string, clock: Clock): Promise<void> {
  const transport = transportFor(loadKubeconfig(clusterPaths(dataDir).adminKubeconfig));
  const api = createApi(transport, { clock });
  const { role, binding } = neighbourGrant;
  try {
    await Promise.all([api.create(ClusterRole, role).catch(unlessThere), api.create(ClusterRoleBinding, binding).catch(unlessThere)]);
  } finally {
    transport.close();
  }
}

function unlessThere(error: unknown): void {
  if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
}
