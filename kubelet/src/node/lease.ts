import { type Clock, every, microTimestamp } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { Lease } from '@keelson/types';

const namespace = 'kube-node-lease';
const renewEvery = 10_000;
const durationSeconds = 40;

/** Says every ten seconds that the node is alive, until aborted. `nodeUid`: of the Node that owns the lease, once it is known. */
export function keepLease(
  api: Api,
  clock: Clock,
  nodeName: string,
  nodeUid: () => string | undefined,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  let held: Lease | undefined;
  const renew = async (): Promise<void> => {
    held = await write(api, leaseObject(held, nodeName, nodeUid(), microTimestamp(clock)));
  };
  // A write that failed (lost race, no namespace yet) starts from what the server has.
  const attempt = (): Promise<void> =>
    renew().catch(async (error: unknown) => {
      held = await api.get(Lease, { namespace, name: nodeName }).catch(() => undefined);
      onError(error);
      await renew();
    });
  return every(clock, renewEvery, signal, attempt, onError);
}

function leaseObject(held: Lease | undefined, name: string, nodeUid: string | undefined, renewTime: string): Lease {
  const owner = nodeUid && { apiVersion: 'v1', kind: 'Node', name, uid: nodeUid };
  const metadata = held?.metadata ?? { name, namespace };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: owner ? { ...metadata, ownerReferences: [owner] } : metadata,
    spec: { holderIdentity: name, leaseDurationSeconds: durationSeconds, renewTime },
  } as Lease;
}

async function write(api: Api, lease: Lease): Promise<Lease> {
  if (lease.metadata?.resourceVersion) return api.update(Lease, lease);
  try {
    return await api.create(Lease, lease);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    const existing = await api.get(Lease, { namespace, name: lease.metadata?.name ?? '' });
    return api.update(Lease, { ...lease, metadata: existing.metadata });
  }
}
