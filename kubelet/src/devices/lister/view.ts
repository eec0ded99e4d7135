import type { Container, Pod } from '@keelson/types';
import type { ContainerDevices, ContainerResources, DynamicResource, PodResources } from '../../cri/grpc/codec/podresources.ts';
import { isSidecar, podSpec } from '../../pod/containers.ts';
import { podName, podNamespace } from '../../pod/naming.ts';
import type { Claim } from '../claims/book.ts';

/** A device as it is told of: one at a time, as Kubernetes does. */
export interface ShownDevice {
  readonly resource: string;
  readonly id: string;
  /** NUMA nodes. */
  readonly nodes: readonly number[];
}

/** Who knows what a container has. */
export interface Holder {
  held(pod: Pod, container: string): readonly ShownDevice[];
  claimsOf(pod: Pod, container: Container): readonly Claim[];
}

/** What a pod's containers have, sidecars among them, other init containers not. */
export function podResources(pod: Pod, holder: Holder): PodResources {
  const { initContainers = [], containers = [] } = podSpec(pod);
  const shown = [...initContainers.filter(isSidecar), ...containers];
  return {
    name: podName(pod),
    namespace: podNamespace(pod),
    containers: shown.map((container) => containerResources(pod, container, holder)),
  };
}

function containerResources(pod: Pod, container: Container, holder: Holder): ContainerResources {
  const devices = holder.held(pod, container.name).map(containerDevices);
  return { name: container.name, devices, dynamicResources: holder.claimsOf(pod, container).map(dynamicResource) };
}

export function containerDevices({ resource, id, nodes }: ShownDevice): ContainerDevices {
  const topology = nodes.length > 0 ? { nodes: nodes.map((node) => ({ ID: BigInt(node) })) } : undefined;
  return { resourceName: resource, deviceIds: [id], topology };
}

function dynamicResource({ name, namespace, drivers }: Claim): DynamicResource {
  const claimResources = [...drivers].flatMap(([driverName, devices]) =>
    devices.map(({ pool, device, shareId, cdi }) => {
      return { cdiDevices: cdi.map((id) => ({ name: id })), driverName, poolName: pool, deviceName: device, shareId };
    }),
  );
  return { claimName: name, claimNamespace: namespace, claimResources };
}
