import type {
  ConfigMap,
  Container,
  Deployment,
  DeploymentSpec,
  DeploymentStatus,
  Endpoint,
  EndpointSlice,
  Namespace,
  Node,
  NodeSpec,
  NodeStatus,
  ObjectMeta,
  OwnerReference,
  Pod,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  ReplicaSet,
  ReplicaSetSpec,
  ReplicaSetStatus,
  Service,
  ServicePort,
  ServiceSpec,
} from '@keelson/types';

/** When everything a builder makes was created, unless told. */
export const created = '2026-01-01T00:00:00Z';

/** What all builders take. `namespace` is `default` for namespaced kinds, `uid` is made of kind, namespace and name. */
export interface Identity {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  /** The controller that owns it. */
  readonly owner?: OwnerReference;
  /** More of the metadata, over all else. */
  readonly metadata?: Partial<ObjectMeta>;
}

export interface PodParts extends Identity {
  /** `spec.nodeName`. */
  readonly node?: string;
  /** Resource requests of its container. */
  readonly requests?: Record<string, string>;
  readonly spec?: Partial<PodSpec>;
  readonly status?: PodStatus;
}

/** A pod of one container, Pending unless its status is given. */
export function pod(parts: PodParts = {}): Pod {
  const { node, requests, spec, status = { phase: 'Pending' } } = parts;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata('pod', parts),
    spec: { containers: [container(requests ? { resources: { requests } } : {})], ...(node ? { nodeName: node } : {}), ...spec },
    status,
  };
}

export function container(parts: Partial<Container> = {}): Container {
  return { name: 'main', image: 'registry.local/app:1', ...parts };
}

export interface NodeParts extends Identity {
  /** Capacity and allocatable alike. */
  readonly resources?: Record<string, string>;
  readonly ready?: boolean;
  readonly spec?: NodeSpec;
  readonly status?: Partial<NodeStatus>;
}

/** A Ready node of 4 CPUs, 8 GiB and 110 pods. */
export function node(parts: NodeParts = {}): Node {
  const { resources = { cpu: '4', memory: '8Gi', pods: '110' }, ready = true, spec = {}, status } = parts;
  const { name = 'node' } = parts;
  const reason = ready ? 'KubeletReady' : 'KubeletNotReady';
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata('node', { ...parts, labels: { 'kubernetes.io/hostname': name, ...parts.labels } }, false),
    spec,
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', reason }],
      ...status,
    },
  };
}

export interface WorkloadParts<Spec, WorkloadStatus> extends Identity {
  /** 1 unless told. */
  readonly replicas?: number;
  /** Selector and template labels; `app: <name>` unless told. */
  readonly selector?: Record<string, string>;
  readonly template?: PodTemplateSpec;
  readonly spec?: Partial<Spec>;
  readonly status?: WorkloadStatus;
}

export function deployment(parts: WorkloadParts<DeploymentSpec, DeploymentStatus> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('deployment', parts),
    spec: { ...replicated('deployment', parts), ...parts.spec },
    status: parts.status ?? {},
  };
}

export function replicaSet(parts: WorkloadParts<ReplicaSetSpec, ReplicaSetStatus> = {}): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metadata('replicaset', parts),
    spec: { ...replicated('replicaset', parts), ...parts.spec },
    status: parts.status ?? { replicas: 0 },
  };
}

export interface ServiceParts extends Identity {
  readonly selector?: Record<string, string>;
  readonly clusterIP?: string;
  /** TCP 80 unless told. */
  readonly ports?: ServicePort[];
  readonly spec?: Partial<ServiceSpec>;
}

export function service(parts: ServiceParts = {}): Service {
  const { name = 'service', clusterIP = '10.96.0.10', selector = { app: name }, ports = [{ port: 80, protocol: 'TCP' }] } = parts;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata('service', parts),
    spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], selector, ports, ...parts.spec },
    status: {},
  };
}

export interface EndpointSliceParts extends Identity {
  /** The Service it belongs to. */
  readonly service?: string;
  /** Addresses of ready endpoints, or whole endpoints. */
  readonly endpoints?: readonly (string | Endpoint)[];
  readonly port?: number;
}

export function endpointSlice(parts: EndpointSliceParts = {}): EndpointSlice {
  const { service: owner = 'service', endpoints = [], port = 8080, name = `${owner}-1` } = parts;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata('endpointslice', { ...parts, name, labels: { 'kubernetes.io/service-name': owner, ...parts.labels } }),
    addressType: 'IPv4',
    endpoints: endpoints.map((one) => (typeof one === 'string' ? { addresses: [one], conditions: { ready: true } } : one)),
    ports: [{ name: '', port, protocol: 'TCP' }],
  };
}

export function namespace(parts: Identity & { readonly phase?: 'Active' | 'Terminating' } = {}): Namespace {
  const { name = 'default', phase = 'Active' } = parts;
  const labels = { 'kubernetes.io/metadata.name': name, ...parts.labels };
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: metadata('namespace', { ...parts, name, labels }, false),
    spec: { finalizers: ['kubernetes'] },
    status: { phase },
  };
}

export function configMap(parts: Identity & { readonly data?: Record<string, string> } = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('configmap', parts), data: parts.data ?? {} };
}

/** The reference by which `owner` controls what it made. */
export function controlledBy(owner: { apiVersion?: string | undefined; kind?: string | undefined; metadata: ObjectMeta }): OwnerReference {
  const { apiVersion = '', kind = '', metadata: meta } = owner;
  return { apiVersion, kind, name: meta.name ?? '', uid: meta.uid ?? '', controller: true, blockOwnerDeletion: true };
}

function metadata(prefix: string, parts: Identity, namespaced = true): ObjectMeta {
  const { name = prefix, namespace = 'default', labels, annotations, owner } = parts;
  return {
    name,
    ...(namespaced ? { namespace } : {}),
    uid: parts.uid ?? (namespaced ? `${prefix}-${namespace}-${name}` : `${prefix}-${name}`),
    creationTimestamp: created,
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
    ...(owner ? { ownerReferences: [owner] } : {}),
    ...parts.metadata,
  };
}

function replicated(
  prefix: string,
  parts: Pick<WorkloadParts<unknown, unknown>, 'name' | 'replicas' | 'selector' | 'template'>,
): { replicas: number; selector: { matchLabels: Record<string, string> }; template: PodTemplateSpec } {
  const { name = prefix, replicas = 1, selector = { app: name } } = parts;
  const template = parts.template ?? { metadata: { labels: selector }, spec: { containers: [container()] } };
  return { replicas, selector: { matchLabels: selector }, template };
}
