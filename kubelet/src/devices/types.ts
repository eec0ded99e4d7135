import type { Container, Pod, ResourceStatus } from '@keelson/types';
import type { ContainerConfig, Mount } from '../cri/types.ts';

/** What a container is given with its devices. */
export interface DeviceOptions {
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly devices: ContainerConfig['devices'];
  readonly annotations: Readonly<Record<string, string>>;
  /** Names of the Container Device Interface. */
  readonly cdiDevices: readonly string[];
}

/** The devices of a node's pods: those of device plugins, which are asked for by amount, and those of claims. */
export interface PodDevices {
  /** Sets aside what a pod asks for of device plugins. Resolves to why that cannot be, in Kubernetes' words; undefined: it is done. */
  admit(pod: Pod): Promise<string | undefined>;
  /** What pods hold of device plugins, by resource: as much the node has, whatever its plugins say now. */
  inUse(): ReadonlyMap<string, number>;
  /** Has the devices of the pod's claims made ready. Right to repeat. @throws Error in Kubernetes' words. */
  prepare(pod: Pod): Promise<void>;
  /** The pod needs them no more. Right to repeat. @throws Error in Kubernetes' words. */
  unprepare(pod: Pod): Promise<void>;
  /** What a container that is about to be made gets. @throws Error in Kubernetes' words. */
  options(pod: Pod, container: Container): Promise<DeviceOptions>;
  /** How the devices of a main container are, by its name. */
  health(pod: Pod): ReadonlyMap<string, readonly ResourceStatus[]>;
}

/** A resource of the node as its device plugin has it. */
export interface Amount {
  readonly capacity: number;
  readonly allocatable: number;
}

/** The devices of a node. */
export interface NodeDevices extends PodDevices {
  /** What the node's status says, by resource; nought of those whose plugin has been gone for long. */
  amounts(): ReadonlyMap<string, Amount>;
  /** No kubelet before this one left word of the node's devices: the machine may be another. */
  readonly isNew: boolean;
}

export const noOptions: DeviceOptions = { env: new Map(), mounts: [], devices: [], annotations: {}, cdiDevices: [] };
