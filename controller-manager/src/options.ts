import { leaderElectionOptions, type OptionSpecs, securePortOptions } from '@keelson/component';
import { namesText } from './names.ts';

/** kube-controller-manager's flags, under upstream's names. */
export const options = {
  ...securePortOptions(10_257),
  ...leaderElectionOptions('kube-controller-manager'),
  controllers: {
    type: 'list',
    default: ['*'],
    help: `controllers to run: '*' is all that are on by default, 'foo' runs foo, '-foo' does not. ${namesText()}`,
  },
  'use-service-account-credentials': { type: 'boolean', default: true, help: 'let each controller write as a service account of its own' },
  'root-ca-file': text('', "CA of the API server's certificate, published to every namespace; the kubeconfig's when empty", 'FILE'),
  'service-account-private-key-file': text('', 'key that signs the tokens kept in Secrets; none are made when empty', 'FILE'),
  'cluster-name': text('kubernetes', 'name of the cluster', 'NAME'),
  'cluster-signing-cert-file': text('', 'CA that signs certificate requests', 'FILE'),
  'cluster-signing-key-file': text('', 'key of --cluster-signing-cert-file', 'FILE'),
  ...signerFiles('kubelet-client'),
  ...signerFiles('kubelet-serving'),
  ...signerFiles('kube-apiserver-client'),
  ...signerFiles('legacy-unknown'),
  'cluster-signing-duration': duration('8760h0m0s', 'how long certificates are valid, unless less is asked for'),
  'allocate-node-cidrs': { type: 'boolean', default: false, help: 'give each node its part of --cluster-cidr' },
  'cluster-cidr': { type: 'list', default: [] as readonly string[], help: 'ranges of pod addresses, one for each IP family' },
  'service-cluster-ip-range': { type: 'list', default: [] as readonly string[], help: 'ranges of service addresses' },
  'node-cidr-mask-size': { type: 'number', default: 0, help: "prefix of a node's part of a single range; 0 is 24, or 64 for IPv6" },
  'node-cidr-mask-size-ipv4': { type: 'number', default: 0, help: "prefix of a node's IPv4 part; 0 is 24" },
  'node-cidr-mask-size-ipv6': { type: 'number', default: 0, help: "prefix of a node's IPv6 part; 0 is 64" },
  'node-monitor-period': duration('5s', 'accepted: nodes are judged when something changes or runs out'),
  'node-monitor-grace-period': duration('50s', 'how long a node may be silent'),
  'node-startup-grace-period': duration('1m0s', 'how long a new node may be silent'),
  'node-eviction-rate': { type: 'number', default: 0.1, help: 'nodes a second of a zone from which pods are evicted, at most' },
  'secondary-node-eviction-rate': { type: 'number', default: 0.01, help: 'the same in a large zone of which too much is lost' },
  'unhealthy-zone-threshold': { type: 'number', default: 0.55, help: 'part of a zone, more than two nodes, whose loss is too much' },
  'large-cluster-size-threshold': {
    type: 'number',
    default: 50,
    help: 'nodes of a zone above which it is large; from a smaller one of which too much is lost nothing is evicted',
  },
  'terminated-pod-gc-threshold': { type: 'number', default: 12_500, help: 'pods that ended and may stay; 0: all' },
  'enable-garbage-collector': { type: 'boolean', default: true, help: 'remove what belongs to objects that are gone' },
  'legacy-service-account-token-clean-up-period': duration(
    '8760h0m0s',
    'how long a token that was put into a Secret by itself may go unused before it is marked as invalid, and then before it is removed',
  ),
  'resource-quota-sync-period': duration('5m0s', 'between two full counts of what quotas limit'),
  'max-endpoints-per-slice': { type: 'number', default: 100, help: 'endpoints in one slice, at most' },
  'horizontal-pod-autoscaler-sync-period': duration('15s', 'between two looks at an autoscaler'),
  'horizontal-pod-autoscaler-downscale-stabilization': duration(
    '5m0s',
    'how far back a higher recommendation keeps a target from shrinking',
  ),
  'horizontal-pod-autoscaler-tolerance': { type: 'number', default: 0.1, help: 'how far from 1 the ratio of use to target may be' },
  'horizontal-pod-autoscaler-cpu-initialization-period': duration('5m0s', "after a pod's start, when its CPU may not count yet"),
  'horizontal-pod-autoscaler-initial-readiness-delay': duration(
    '30s',
    "after a pod's start, when to be unready is to have never been ready",
  ),
  'concurrent-horizontal-pod-autoscaler-syncs': workers(5, 'HorizontalPodAutoscalers'),
  'concurrent-deployment-syncs': workers(5, 'Deployments'),
  'concurrent-replicaset-syncs': workers(5, 'ReplicaSets'),
  'concurrent-rc-syncs': workers(5, 'ReplicationControllers'),
  'concurrent-daemonset-syncs': workers(2, 'DaemonSets'),
  'concurrent-statefulset-syncs': workers(5, 'StatefulSets'),
  'concurrent-job-syncs': workers(5, 'Jobs'),
  'concurrent-ephemeralvolume-syncs': workers(5, 'pods whose ephemeral volumes are given claims'),
  'concurrent-cron-job-syncs': workers(5, 'CronJobs'),
  'concurrent-ttl-after-finished-syncs': workers(5, 'finished Jobs whose time is measured'),
  'concurrent-service-endpoint-syncs': workers(5, 'Services whose slices are kept'),
  'concurrent-endpoint-syncs': workers(5, 'Services whose Endpoints are kept'),
  'concurrent-validating-admission-policy-status-syncs': workers(5, 'ValidatingAdmissionPolicies whose expressions are checked'),
  'concurrent-namespace-syncs': workers(10, 'namespaces'),
  'concurrent-serviceaccount-token-syncs': workers(5, 'Secrets with tokens of service accounts'),
  'concurrent-resource-quota-syncs': workers(5, 'ResourceQuotas'),
  'concurrent-resource-claim-syncs': workers(50, 'ResourceClaims, and pods that use them'),
  'concurrent-device-taint-eviction-syncs': workers(8, 'pods whose devices have taints'),
  'mirroring-concurrent-service-endpoint-syncs': workers(5, 'Endpoints that are mirrored in slices'),
  'concurrent-gc-syncs': workers(20, 'objects the garbage collector looks at'),
} as const satisfies OptionSpecs;

function text(value: string, help: string, placeholder: string) {
  return { type: 'string', default: value, help, placeholder } as const;
}

/** An authority of one signer's own. */
function signerFiles<const Signer extends string>(signer: Signer) {
  const file = (help: string) => text('', help, 'FILE');
  return {
    [`cluster-signing-${signer}-cert-file`]: file(`CA of the signer kubernetes.io/${signer}; --cluster-signing-cert-file when empty`),
    [`cluster-signing-${signer}-key-file`]: file('its key'),
  } as Record<`cluster-signing-${Signer}-${'cert' | 'key'}-file`, ReturnType<typeof file>>;
}

function duration(value: string, help: string) {
  return { type: 'duration', default: value, help, placeholder: 'DURATION' } as const;
}

function workers(count: number, what: string) {
  return { type: 'number', default: count, help: `${what} worked on at the same time` } as const;
}
