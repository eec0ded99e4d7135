import { leaderElectionOptions, type OptionSpecs, securePortOptions } from '@keelson/component';

/** kube-controller-manager's flags, under upstream's names. */
export const options = {
  ...securePortOptions(10_257),
  ...leaderElectionOptions('kube-controller-manager'),
  controllers: { type: 'list', default: ['*'], help: "controllers to run: '*' is all, 'foo' runs foo, '-foo' does not" },
  'use-service-account-credentials': { type: 'boolean', default: true, help: 'let each controller write as a service account of its own' },
  'root-ca-file': text('', "CA of the API server's certificate, published to every namespace", 'FILE'),
  'service-account-private-key-file': text('', 'key of legacy service-account tokens; the API server signs all tokens here', 'FILE'),
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
  'node-eviction-rate': { type: 'number', default: 0.1, help: 'nodes a second from which pods are evicted, at most' },
  'terminated-pod-gc-threshold': { type: 'number', default: 12_500, help: 'pods that ended and may stay; 0: all' },
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
