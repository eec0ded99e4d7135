import type { Pod } from '@keelson/types';
import { type GetPodResourcesRequest, PodResourcesListerDefinition } from '../../cri/grpc/codec/podresources.ts';
import { serveSocket } from '../../cri/grpc/server.ts';
import { podName, podNamespace } from '../../pod/naming.ts';
import { containerDevices, type Holder, podResources, type ShownDevice } from './view.ts';

export interface ListerDeps extends Holder {
  /** The pods that have not ended. */
  pods(): readonly Pod[];
  /** The devices that may be given out, held ones among them. */
  allocatable(): readonly ShownDevice[];
}

/** Serves `v1.PodResourcesLister` on the socket at `path`: who has which devices, for those who watch over them. @throws Error */
export function serveLister(path: string, deps: ListerDeps): Promise<() => void> {
  const answers = {
    list: async () => ({ podResources: deps.pods().map((pod) => podResources(pod, deps)) }),
    getAllocatableResources: async () => ({ devices: deps.allocatable().map(containerDevices) }),
    get: async ({ podName: name, podNamespace: namespace }: GetPodResourcesRequest) => {
      const pod = deps.pods().find((one) => podName(one) === name && podNamespace(one) === namespace);
      if (!pod) throw new Error(`pod ${name} in namespace ${namespace} not found`);
      return { podResources: podResources(pod, deps) };
    },
  };
  return serveSocket(path, [{ name: 'v1.PodResourcesLister', definition: PodResourcesListerDefinition, answers }]);
}
