import type { OptionSpecs } from '@keelson/component';

/** kube-controller-manager's flags, under upstream's names. */
export const options = {
  kubeconfig: text('', 'kubeconfig with the API server and the credentials to use', 'FILE'),
  'authentication-kubeconfig': text('', 'kubeconfig to ask the API server with who calls; --kubeconfig when empty', 'FILE'),
  'authorization-kubeconfig': text('', 'kubeconfig to ask the API server with what callers may; --kubeconfig when empty', 'FILE'),
  controllers: { type: 'list', default: ['*'], help: "controllers to run: '*' is all, 'foo' runs foo, '-foo' does not" },
  'use-service-account-credentials': { type: 'boolean', default: true, help: 'let each controller write as a service account of its own' },
  'leader-elect': { type: 'boolean', default: true, help: 'run controllers only while holding the lease' },
  'leader-elect-lease-duration': text('15s', 'how long others wait for a holder that does not renew', 'DURATION'),
  'leader-elect-renew-deadline': text('10s', 'how long the holder tries to renew before it gives up', 'DURATION'),
  'leader-elect-retry-period': text('2s', 'time between tries', 'DURATION'),
  'leader-elect-resource-name': text('kube-controller-manager', 'name of the lease', 'NAME'),
  'leader-elect-resource-namespace': text('kube-system', 'namespace of the lease', 'NAME'),
  'bind-address': text('0.0.0.0', 'address of health and metrics', 'IP'),
  'secure-port': { type: 'number', default: 10_257, help: 'TLS port of health and metrics; 0 serves none' },
  'tls-cert-file': text('', 'certificate to serve with; one is made for this start when empty', 'FILE'),
  'tls-private-key-file': text('', 'key of --tls-cert-file', 'FILE'),
  'client-ca-file': text('', 'authority of client certificates that may read metrics', 'FILE'),
  'root-ca-file': text('', "CA of the API server's certificate, published to every namespace", 'FILE'),
  'service-account-private-key-file': text('', 'key of legacy service-account tokens; the API server signs all tokens here', 'FILE'),
  'cluster-name': text('kubernetes', 'name of the cluster', 'NAME'),
  'cluster-signing-cert-file': text('', 'CA that signs certificate requests', 'FILE'),
  'cluster-signing-key-file': text('', 'key of --cluster-signing-cert-file', 'FILE'),
  'allocate-node-cidrs': { type: 'boolean', default: false, help: 'give each node its part of --cluster-cidr' },
  'cluster-cidr': { type: 'list', default: [] as readonly string[], help: 'ranges of pod addresses, one for each IP family' },
  'service-cluster-ip-range': { type: 'list', default: [] as readonly string[], help: 'ranges of service addresses' },
  'node-cidr-mask-size': { type: 'number', default: 0, help: "prefix of a node's part of a single range; 0 is 24, or 64 for IPv6" },
  'node-cidr-mask-size-ipv4': { type: 'number', default: 0, help: "prefix of a node's IPv4 part; 0 is 24" },
  'node-cidr-mask-size-ipv6': { type: 'number', default: 0, help: "prefix of a node's IPv6 part; 0 is 64" },
  'node-monitor-period': text('5s', 'accepted: nodes are judged when something changes or runs out', 'DURATION'),
  'node-monitor-grace-period': text('50s', 'how long a node may be silent', 'DURATION'),
  'node-startup-grace-period': text('1m0s', 'how long a new node may be silent', 'DURATION'),
  'node-eviction-rate': { type: 'number', default: 0.1, help: 'nodes a second from which pods are evicted, at most' },
  'terminated-pod-gc-threshold': { type: 'number', default: 12_500, help: 'pods that ended and may stay; 0: all' },
  'max-endpoints-per-slice': { type: 'number', default: 100, help: 'endpoints in one slice, at most' },
  'concurrent-deployment-syncs': workers(5, 'Deployments'),
  'concurrent-replicaset-syncs': workers(5, 'ReplicaSets'),
  'concurrent-service-endpoint-syncs': workers(5, 'Services whose slices are kept'),
  'concurrent-endpoint-syncs': workers(5, 'Services whose Endpoints are kept'),
  'concurrent-namespace-syncs': workers(10, 'namespaces'),
  'concurrent-gc-syncs': workers(20, 'objects the garbage collector looks at'),
} as const satisfies OptionSpecs;

function text(value: string, help: string, placeholder: string) {
  return { type: 'string', default: value, help, placeholder } as const;
}

function workers(count: number, what: string) {
  return { type: 'number', default: count, help: `${what} worked on at the same time` } as const;
}
