import type { OptionSpecs } from '@keelson/component';

/** kubelet's flags under upstream's names, with the few that are ours marked so. */
export const options = {
  kubeconfig: text('', 'kubeconfig with the API server and the credentials to use', 'FILE'),
  'bootstrap-kubeconfig': text(
    '',
    'kubeconfig to ask for a certificate with, where --kubeconfig does not exist yet; --kubeconfig is then written',
    'FILE',
  ),
  'cert-dir': text('/var/lib/kubelet/pki', 'directory of the certificates that the cluster issues to this node', 'DIR'),
  'rotate-certificates': { type: 'boolean', default: false, help: 'have the client certificate renewed before it ends' },
  'rotate-server-certificates': {
    type: 'boolean',
    default: false,
    help: 'have the certificate to serve with issued and renewed by the cluster; somebody must approve of it',
  },
  'config-dir': text('', 'folder of files (*.conf) that say more or other than --config, in the order of their names', 'DIR'),
  'hostname-override': text('', "name of this node's Node object; the machine's name when empty", 'NAME'),
  'node-ip': list("addresses of the node; the machine's first when empty", 'IP,IP'),
  'node-labels': list('labels the node is registered with', 'KEY=VALUE,…'),
  'register-with-taints': list('taints the node is registered with', 'KEY=VALUE:EFFECT,…'),
  'register-node': { type: 'boolean', default: true, help: 'make the Node object; off: wait until somebody else has' },
  'register-schedulable': { type: 'boolean', default: true, help: 'register the node as one that takes pods' },
  'provider-id': text('', 'name of the machine with those who provide it, for the Node object', 'ID'),
  'cloud-provider': text('', '`external`: the node takes no pods before a cloud controller has seen it', 'NAME'),
  'kube-reserved': list('cpu, memory and ephemeral-storage that pods do not get because the agents need them', 'RESOURCE=QUANTITY,…'),
  'system-reserved': list('the same for the rest of the system', 'RESOURCE=QUANTITY,…'),
  'container-runtime-endpoint': text(
    'unix:///run/containerd/containerd.sock',
    'socket of the container runtime; `model://` runs a model of one (not in upstream)',
    'ENDPOINT',
  ),
  'runtime-request-timeout': {
    type: 'duration',
    default: '2m0s',
    help: 'how long a call to the runtime may take, pulls and streams apart',
    placeholder: 'DURATION',
  },
  'root-dir': text('/var/lib/kubelet', "directory of volumes and of the kubelet's own files", 'DIR'),
  'pod-logs-dir': text(
    '',
    "directory of containers' logs; pods-logs below --root-dir when empty. podLogsDir in upstream's configuration file",
    'DIR',
  ),
  'container-log-max-size': text('10Mi', 'how large a container log grows before it is moved aside', 'QUANTITY'),
  'container-log-max-files': number(5, 'files a container log may have, at least 2'),
  'pod-manifest-path': text('', 'directory of static pods; none when empty', 'DIR'),
  'cluster-dns': list('addresses of the cluster DNS service', 'IP,IP'),
  'cluster-domain': text('', 'domain of the cluster', 'DOMAIN'),
  'resolv-conf': text('/etc/resolv.conf', "resolver settings of pods that use the node's", 'FILE'),
  'pod-cidr': text('', "the node's pod range; the Node's spec.podCIDR when empty", 'CIDR'),
  'max-pods': number(110, 'pods the node takes'),
  'cgroup-driver': text('cgroupfs', 'who makes cgroups, as the runtime is told: cgroupfs or systemd', 'DRIVER'),
  'cgroup-root': text('/', "cgroup that pods' cgroups are made in", 'CGROUP'),
  'enforce-node-allocatable': {
    type: 'list',
    default: ['pods'],
    help: '`pods`: all pods together have the CPU weight and the memory of the node, but for what is reserved; anything else bounds nothing',
    placeholder: 'WHO',
  },
  'eviction-hard': text(
    'imagefs.available<15%,imagefs.inodesFree<5%,memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%',
    'what must be left of the node, or pods are evicted',
    'THRESHOLDS',
  ),
  'eviction-soft': text('', 'what must be left of the node, or pods are evicted after a while: memory.available<1.5Gi', 'THRESHOLDS'),
  'eviction-soft-grace-period': text('', 'how long that while is: memory.available=1m30s', 'PERIODS'),
  'eviction-max-pod-grace-period': number(0, 'seconds pods evicted by a soft threshold have to end, at most; their own when 0'),
  'eviction-minimum-reclaim': text(
    '',
    'how much more than its threshold must be left before eviction ends: imagefs.available=2Gi',
    'AMOUNTS',
  ),
  'eviction-pressure-transition-period': {
    type: 'duration',
    default: '5m0s',
    help: 'how long a pressure is reported after it was last felt',
  },
  'allowed-unsafe-sysctls': list(
    'kernel settings that pods may have beside the safe ones; `kernel.msg*` stands for all that begin so',
    'NAME,PATTERN*',
  ),
  address: text('0.0.0.0', "address of the kubelet's server", 'IP'),
  'healthz-bind-address': text('127.0.0.1', 'address of /healthz in plain HTTP', 'IP'),
  'healthz-port': number(10_248, 'port of /healthz in plain HTTP; 0 serves none'),
  port: number(10_250, "TLS port of the kubelet's server, health and metrics included; 0 takes any free one"),
  'tls-cert-file': text('', 'certificate to serve with; one is made for this start when empty', 'FILE'),
  'tls-private-key-file': text('', 'key of --tls-cert-file', 'FILE'),
  'client-ca-file': text('', "authority of client certificates, the API server's among them", 'FILE'),
  'anonymous-auth': {
    type: 'boolean',
    default: false,
    help: 'let callers without credentials in as system:anonymous. On by default in upstream',
  },
  network: text(
    'auto',
    'who makes the pod network: kubenet does (host routes between nodes), cni leaves it to others; auto is cni where --cni-conf-dir holds a list that comes before the one of kubenet. Not in upstream',
    'KIND',
  ),
  overlay: {
    type: 'boolean',
    default: false,
    help: "carry pods' packets between nodes in VXLAN, for networks that do not lead pod addresses. Not in upstream",
  },
  'cni-conf-dir': text('/etc/cni/net.d', 'where kubenet puts its network list', 'DIR'),
  'network-bridge': text('cni0', "kubenet's bridge. Not in upstream", 'NAME'),
  'network-mtu': number(1500, 'largest packet between nodes; with --overlay pods get 50 less. Not in upstream'),
} as const satisfies OptionSpecs;

function text(value: string, help: string, placeholder: string) {
  return { type: 'string', default: value, help, placeholder } as const;
}

function number(value: number, help: string) {
  return { type: 'number', default: value, help } as const;
}

function list(help: string, placeholder: string) {
  return { type: 'list', default: [] as readonly string[], help, placeholder } as const;
}
