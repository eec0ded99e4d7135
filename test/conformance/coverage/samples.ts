import type { KubeObject } from '@keelson/client';

/** An object that a server accepts, named by whoever makes it. */
export type Sample = Omit<KubeObject, 'metadata'> & Readonly<Record<string, unknown>>;

const image = 'registry.example/nothing:1';
const labels = { sample: 'yes' };
const selector = { matchLabels: labels };
const podSpec = { schedulerName: 'nobody', containers: [{ name: 'c', image }] };
const template = { metadata: { labels }, spec: podSpec };
const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] };
const webhook = {
  name: 'sample.coverage.example',
  clientConfig: { url: 'https://127.0.0.1:1/' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  failurePolicy: 'Ignore',
  rules: [{ apiGroups: ['coverage.example'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] }],
};
const constraints = {
  resourceRules: [{ apiGroups: ['coverage.example'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] }],
};
const device = { name: 'one', exactly: { deviceClassName: 'sample' } };
/** A request for CN=sample, signed by a key that nobody has. */
const request = [
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIS01ITUNBUUF3RVRFUE1BMEdBMVVFQXd3R2MyRnRjR3hsTUZrd0V3WUhLb1',
  'pJemowQ0FRWUlLb1pJemowRApBUWNEUWdBRTRmRkxWN0RwRGZxV3hGTGRTQ2tVV0dXQy9JMWlHbFBrV3g3eURpdnpXNW5EVFIxTm0yd3diY1Y5',
  'CjQzME9zZDlMMXFpaG9XaWx2bEZTYnRHMm1UTUFGcUFBTUFvR0NDcUdTTTQ5QkFNQ0EwY0FNRVFDSUFkSEl4UjMKYndiSk5vVzY5eXUwbTEzR3',
  'RRZXE2Z2o1VEN1ZjZWQUpJS1FxQWlCRWYwMkRyaGRTWDZBVUlpWFZUbXFHVkV4NwpiZVBQTGJ6Uy9LSkQySUpGSmc9PQotLS0tLUVORCBDRVJU',
  'SUZJQ0FURSBSRVFVRVNULS0tLS0K',
].join('');

/** By `group/resource`, an empty group for core. */
export const samples: Readonly<Record<string, Sample>> = {
  '/configmaps': { data: { a: 'b' } },
  '/endpoints': { subsets: [] },
  '/events': { involvedObject: { kind: 'Pod', name: 'x', namespace: '$namespace' }, reason: 'Sample', type: 'Normal' },
  '/limitranges': { spec: { limits: [{ type: 'Container', max: { cpu: '64' } }] } },
  '/namespaces': {},
  '/nodes': {},
  '/persistentvolumeclaims': {
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
  },
  '/persistentvolumes': {
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', capacity: { storage: '1Gi' }, hostPath: { path: '/nothing' } },
  },
  '/pods': { spec: podSpec },
  '/podtemplates': { template },
  '/replicationcontrollers': { spec: { replicas: 0, selector: labels, template } },
  '/resourcequotas': { spec: { hard: { pods: '1000' } } },
  '/secrets': { stringData: { a: 'b' } },
  '/serviceaccounts': {},
  '/services': { spec: { ports: [{ port: 80 }] } },
  'admissionregistration.k8s.io/mutatingadmissionpolicies': {
    spec: {
      matchConstraints: constraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    },
  },
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': { spec: { policyName: 'sample' } },
  'admissionregistration.k8s.io/validatingadmissionpolicies': {
    spec: { matchConstraints: constraints, validations: [{ expression: 'true' }] },
  },
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': { spec: { policyName: 'sample', validationActions: ['Warn'] } },
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': { webhooks: [webhook] },
  'admissionregistration.k8s.io/validatingwebhookconfigurations': { webhooks: [webhook] },
  'apiextensions.k8s.io/customresourcedefinitions': {
    spec: {
      group: 'coverage.example',
      scope: 'Cluster',
      names: { plural: '$name', singular: '$name', kind: 'K$name', listKind: 'K$nameList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  'apiregistration.k8s.io/apiservices': {
    spec: {
      group: '$name.example',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 1,
      insecureSkipTLSVerify: true,
      service: { namespace: '$namespace', name: 'nobody' },
    },
  },
  'apps/controllerrevisions': { revision: 1, data: { a: 'b' } },
  'apps/daemonsets': { spec: { selector, template: { ...template, spec: { ...podSpec, nodeSelector: { nobody: 'has' } } } } },
  'apps/deployments': { spec: { replicas: 0, selector, template } },
  'apps/replicasets': { spec: { replicas: 0, selector, template } },
  'apps/statefulsets': { spec: { replicas: 0, serviceName: 'none', selector, template } },
  'authentication.k8s.io/selfsubjectreviews': {},
  'authentication.k8s.io/tokenreviews': { spec: { token: 'nobodys' } },
  'authorization.k8s.io/localsubjectaccessreviews': {
    spec: { user: 'somebody', resourceAttributes: { namespace: '$namespace', verb: 'get', resource: 'pods' } },
  },
  'authorization.k8s.io/selfsubjectaccessreviews': { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
  'authorization.k8s.io/selfsubjectrulesreviews': { spec: { namespace: '$namespace' } },
  'authorization.k8s.io/subjectaccessreviews': { spec: { user: 'somebody', nonResourceAttributes: { path: '/', verb: 'get' } } },
  'autoscaling/horizontalpodautoscalers': {
    spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' } },
  },
  'batch/cronjobs': { spec: { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: { template: restarting('Never') } } } },
  'batch/jobs': { spec: { suspend: true, template: restarting('Never') } },
  'certificates.k8s.io/certificatesigningrequests': { spec: { request, signerName: 'coverage.example/sample', usages: ['client auth'] } },
  'coordination.k8s.io/leases': { spec: { holderIdentity: 'me' } },
  'discovery.k8s.io/endpointslices': { addressType: 'IPv4', endpoints: [] },
  'events.k8s.io/events': {
    eventTime: '2030-01-01T00:00:00.000000Z',
    reportingController: 'coverage.example/sample',
    reportingInstance: 'one',
    action: 'Sampling',
    reason: 'Sample',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'x', namespace: '$namespace' },
  },
  'flowcontrol.apiserver.k8s.io/flowschemas': { spec: { matchingPrecedence: 9000, priorityLevelConfiguration: { name: 'sample' } } },
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': {
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
  },
  'networking.k8s.io/ingressclasses': { spec: { controller: 'coverage.example/sample' } },
  'networking.k8s.io/ingresses': { spec: { defaultBackend: { service: { name: 'x', port: { number: 80 } } } } },
  'networking.k8s.io/ipaddresses': { spec: { parentRef: { group: 'coverage.example', resource: 'printers', name: 'x' } } },
  'networking.k8s.io/networkpolicies': { spec: { podSelector: {} } },
  'networking.k8s.io/servicecidrs': { spec: { cidrs: ['10.222.0.0/24'] } },
  'node.k8s.io/runtimeclasses': { handler: 'sample' },
  'policy/poddisruptionbudgets': { spec: { minAvailable: 1, selector } },
  'rbac.authorization.k8s.io/clusterrolebindings': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  },
  'rbac.authorization.k8s.io/clusterroles': { rules: [rule] },
  'rbac.authorization.k8s.io/rolebindings': { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } },
  'rbac.authorization.k8s.io/roles': { rules: [rule] },
  'resource.k8s.io/deviceclasses': { spec: {} },
  'resource.k8s.io/resourceclaims': { spec: { devices: { requests: [device] } } },
  'resource.k8s.io/resourceclaimtemplates': { spec: { spec: { devices: { requests: [device] } } } },
  'resource.k8s.io/resourceslices': {
    spec: {
      driver: 'coverage.example',
      allNodes: true,
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'd' }],
    },
  },
  'scheduling.k8s.io/priorityclasses': { value: 7 },
  'storage.k8s.io/csidrivers': { spec: {} },
  'storage.k8s.io/csinodes': { spec: { drivers: [] } },
  'storage.k8s.io/csistoragecapacities': { storageClassName: 'none' },
  'storage.k8s.io/storageclasses': { provisioner: 'coverage.example/sample' },
  'storage.k8s.io/volumeattachments': { spec: { attacher: 'coverage.example', nodeName: 'nobody', source: { persistentVolumeName: 'x' } } },
  'storage.k8s.io/volumeattributesclasses': { driverName: 'coverage.example', parameters: { a: 'b' } },
};

function restarting(restartPolicy: string): object {
  return { ...template, spec: { ...podSpec, restartPolicy } };
}

/** The sample of a resource under a name: what a name must look like differs. */
export function sampleOf(group: string, resource: string, short: string, namespace: string): { name: string; object: Sample } | undefined {
  const sample = samples[`${group === 'core' ? '' : group}/${resource}`];
  if (!sample) return undefined;
  const names: Readonly<Record<string, string>> = {
    customresourcedefinitions: `${short}.coverage.example`,
    apiservices: `v1.${short}.example`,
    ipaddresses: `10.99.${[...short].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 250, 7)}.7`,
  };
  const object = JSON.parse(JSON.stringify(sample).replaceAll('$namespace', namespace).replaceAll('$name', short)) as Sample;
  return { name: names[resource] ?? short, object };
}
