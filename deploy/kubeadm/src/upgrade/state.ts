import { type Api, readText } from '@keelson/client';
import { Node } from '@keelson/types';
import { type Agreed, agreedOf } from '../objects/agreed.ts';
import { releaseOf } from './versions.ts';

/** A machine, by what its Node says. Its programs all came with one kubeadm: its kubelet's version is that of them all. */
export interface NodeState {
  readonly name: string;
  readonly version: string;
  readonly isControlPlane: boolean;
  readonly isReady: boolean;
}

/** What a cluster is before it is upgraded. */
export interface ClusterState extends Agreed {
  /** Of the API server that was asked, as `v1.36.0`. */
  readonly server: string;
  readonly nodes: readonly NodeState[];
}

/** Asks a cluster what it is, as an administrator. @throws ApiError */
export async function stateOf(api: Api): Promise<ClusterState> {
  const { items } = await api.list(Node);
  const { gitVersion } = JSON.parse(await readText(await api.raw({ method: 'GET', path: '/version' }))) as { gitVersion: string };
  return { ...(await agreedOf(api)), server: releaseOf(gitVersion), nodes: items.map(nodeState) };
}

function nodeState({ metadata, status }: Node): NodeState {
  return {
    name: metadata?.name ?? '',
    version: releaseOf(status?.nodeInfo?.kubeletVersion ?? ''),
    isControlPlane: Object.hasOwn(metadata?.labels ?? {}, 'node-role.kubernetes.io/control-plane'),
    isReady: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
  };
}
