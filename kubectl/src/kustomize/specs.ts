/** A field of some kinds, and whether it is made where it is missing. */
export interface FieldSpec {
  /** Any kind without one. */
  readonly kind?: string;
  readonly path: string;
  readonly create: boolean;
}

/** Where each kind that makes pods keeps their template's spec. */
const podSpecs: Readonly<Record<string, string>> = {
  Pod: 'spec',
  PodTemplate: 'template/spec',
  Deployment: 'spec/template/spec',
  ReplicaSet: 'spec/template/spec',
  ReplicationController: 'spec/template/spec',
  DaemonSet: 'spec/template/spec',
  StatefulSet: 'spec/template/spec',
  Job: 'spec/template/spec',
  CronJob: 'spec/jobTemplate/spec/template/spec',
};

const templated = ['ReplicationController', 'Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet', 'Job', 'CronJob'];

const templateMetadata = (field: string): FieldSpec[] => [
  ...templated.map((kind) => ({ kind, path: (podSpecs[kind] ?? '').replace(/spec$/, `metadata/${field}`), create: true })),
  { kind: 'CronJob', path: `spec/jobTemplate/metadata/${field}`, create: true },
];

export const labelFields: readonly FieldSpec[] = [{ path: 'metadata/labels', create: true }];
export const templateLabelFields: readonly FieldSpec[] = [
  ...templateMetadata('labels'),
  { kind: 'StatefulSet', path: 'spec/volumeClaimTemplates/metadata/labels', create: true },
];
export const annotationFields: readonly FieldSpec[] = [{ path: 'metadata/annotations', create: true }, ...templateMetadata('annotations')];

const podTerms = [
  'affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels',
  'affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels',
  'affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels',
  'affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels',
  'topologySpreadConstraints/labelSelector/matchLabels',
];

export const selectorFields: readonly FieldSpec[] = [
  { kind: 'Service', path: 'spec/selector', create: true },
  { kind: 'ReplicationController', path: 'spec/selector', create: true },
  ...['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].map((kind) => ({ kind, path: 'spec/selector/matchLabels', create: true })),
  ...['Deployment', 'StatefulSet'].flatMap((kind) => podTerms.map((term) => ({ kind, path: `${podSpecs[kind]}/${term}`, create: false }))),
  { kind: 'Job', path: 'spec/selector/matchLabels', create: false },
  { kind: 'CronJob', path: 'spec/jobTemplate/spec/selector/matchLabels', create: false },
  { kind: 'PodDisruptionBudget', path: 'spec/selector/matchLabels', create: false },
  { kind: 'NetworkPolicy', path: 'spec/podSelector/matchLabels', create: false },
  { kind: 'NetworkPolicy', path: 'spec/ingress/from/podSelector/matchLabels', create: false },
  { kind: 'NetworkPolicy', path: 'spec/egress/to/podSelector/matchLabels', create: false },
];

export const replicaFields: readonly FieldSpec[] = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'].map((kind) => ({
  kind,
  path: 'spec/replicas',
  create: true,
}));

/** Kinds whose names get no prefix, suffix or namespace. */
export const fixedNames: ReadonlySet<string> = new Set(['CustomResourceDefinition', 'APIService', 'Namespace']);

/** A field that names an object of the kind `to`. */
export interface Reference {
  readonly to: string;
  readonly kind: string;
  readonly path: string;
}

const inPods = (to: string, ...paths: readonly string[]): Reference[] =>
  Object.entries(podSpecs).flatMap(([kind, spec]) => paths.map((path) => ({ to, kind, path: `${spec}/${path}` })));

const from = (to: string, kinds: string, ...paths: readonly string[]): Reference[] =>
  kinds.split(',').flatMap((kind) => paths.map((path) => ({ to, kind, path })));

const webhooks = 'ValidatingWebhookConfiguration,MutatingWebhookConfiguration';

export const references: readonly Reference[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].flatMap((kind) =>
    from(kind, 'HorizontalPodAutoscaler', 'spec/scaleTargetRef/name'),
  ),
  ...inPods(
    'ConfigMap',
    'volumes/configMap/name',
    'volumes/projected/sources/configMap/name',
    'containers/env/valueFrom/configMapKeyRef/name',
    'initContainers/env/valueFrom/configMapKeyRef/name',
    'containers/envFrom/configMapRef/name',
    'initContainers/envFrom/configMapRef/name',
  ),
  ...from('ConfigMap', 'Role,ClusterRole', 'rules/resourceNames'),
  ...from('ConfigMap', 'Ingress', 'metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap'),
  ...inPods(
    'Secret',
    'volumes/secret/secretName',
    'volumes/projected/sources/secret/name',
    'containers/env/valueFrom/secretKeyRef/name',
    'initContainers/env/valueFrom/secretKeyRef/name',
    'containers/envFrom/secretRef/name',
    'initContainers/envFrom/secretRef/name',
    'imagePullSecrets/name',
  ),
  ...from(
    'Secret',
    'Ingress',
    'spec/tls/secretName',
    'metadata/annotations/ingress.kubernetes.io\\/auth-secret',
    'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret',
    'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret',
  ),
  ...from('Secret', 'ServiceAccount', 'imagePullSecrets/name'),
  ...from(
    'Secret',
    'StorageClass',
    ...['secretName', 'adminSecretName', 'userSecretName', 'secretRef'].map((field) => `parameters/${field}`),
  ),
  ...from('Secret', 'Role,ClusterRole', 'rules/resourceNames'),
  ...from('Secret', 'PersistentVolume', 'spec/azureFile/secretName'),
  ...from('Service', 'StatefulSet', 'spec/serviceName'),
  ...from(
    'Service',
    'Ingress',
    'spec/rules/http/paths/backend/serviceName',
    'spec/backend/serviceName',
    'spec/rules/http/paths/backend/service/name',
    'spec/defaultBackend/service/name',
  ),
  ...from('Service', 'APIService', 'spec/service/name'),
  ...from('Service', webhooks, 'webhooks/clientConfig/service'),
  ...from('Service', 'HTTPRoute', 'spec/rules/backendRefs/name'),
  ...from('Role', 'RoleBinding', 'roleRef/name'),
  ...from('ClusterRole', 'RoleBinding,ClusterRoleBinding', 'roleRef/name'),
  ...from('ServiceAccount', 'RoleBinding,ClusterRoleBinding', 'subjects'),
  ...inPods('ServiceAccount', 'serviceAccountName'),
  ...inPods('PersistentVolumeClaim', 'volumes/persistentVolumeClaim/claimName'),
  ...from('PersistentVolume', 'PersistentVolumeClaim', 'spec/volumeName'),
  ...from('PersistentVolume', 'ClusterRole', 'rules/resourceNames'),
  ...from('StorageClass', 'PersistentVolume,PersistentVolumeClaim', 'spec/storageClassName'),
  ...from('StorageClass', 'StatefulSet', 'spec/volumeClaimTemplates/spec/storageClassName'),
  ...inPods('PriorityClass', 'priorityClassName'),
  ...from('IngressClass', 'Ingress', 'spec/ingressClassName'),
];
