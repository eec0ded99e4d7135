import { join } from 'node:path';
import { type Cluster, clusterDomain, dnsAddress, podRange, podRangeOf, serviceRange } from '../cluster/cluster.ts';
import { clusterPaths } from '../cluster/paths.ts';
import { containerdPaths } from '../containerd/config.ts';

/** A process of the cluster, and how to ask it whether it is well. */
export interface ProcessSpec {
  /** Unique in the cluster: names its log and its line in the table. */
  readonly name: string;
  /** The folder of the program, such as `apiserver`; undefined: `command` is no program of ours. */
  readonly program?: string;
  /** Flags, after the program; the whole command line without one. */
  readonly args: readonly string[];
  /** Answers 200 when it is well. */
  readonly health: string;
}

/** Facts that flags depend on and that are not the cluster's own. */
export interface Surroundings {
  readonly resolvConf: string;
}

/** The processes of a cluster, in the order in which they need each other. containerd is not among them. */
export function processesOf(cluster: Cluster, surroundings: Surroundings): readonly ProcessSpec[] {
  return [
    ...(cluster.store === 'etcd' && cluster.etcdServers.length === 0 ? [etcd(cluster)] : []),
    apiserver(cluster),
    ...cluster.nodes.map((_, index) => kubelet(cluster, index, surroundings)),
    controllerManager(cluster),
    scheduler(cluster),
    // Model pods have no addresses that packets could be led to.
    ...(cluster.runtime === 'containerd' ? [kubeProxy(cluster)] : []),
  ];
}

function apiserver(cluster: Cluster): ProcessSpec {
  const { address, ports, dataDir } = cluster;
  const pki = pkiOf(cluster);
  return {
    name: 'kube-apiserver',
    program: 'apiserver',
    health: `https://${reachable(cluster)}:${ports.api}/readyz`,
    args: [
      `--advertise-address=${address}`,
      `--secure-port=${ports.api}`,
      ...pki.serving('apiserver'),
      `--kubelet-certificate-authority=${pki.file('ca.crt')}`,
      `--kubelet-client-certificate=${pki.file('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${pki.file('apiserver-kubelet-client.key')}`,
      '--enable-bootstrap-token-auth=true',
      ...frontProxy(pki.file),
      `--service-account-key-file=${pki.file('sa.pub')}`,
      `--service-account-signing-key-file=${pki.file('sa.key')}`,
      `--service-cluster-ip-range=${serviceRange}`,
      ...storage(cluster, clusterPaths(dataDir).database),
    ],
  };
}

/** How the API server speaks for others to the servers behind APIServices, and whom it believes when they do. */
function frontProxy(file: (name: string) => string): string[] {
  return [
    `--proxy-client-cert-file=${file('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${file('front-proxy-client.key')}`,
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
  ];
}

function storage(cluster: Cluster, database: string): string[] {
  if (cluster.store !== 'etcd') {
    return [`--storage-backend=${cluster.store}`, ...(cluster.store === 'sqlite' ? [`--storage-file=${database}`] : [])];
  }
  const pki = pkiOf(cluster);
  const servers = cluster.etcdServers.length > 0 ? cluster.etcdServers : [`https://${reachable(cluster)}:${cluster.ports.etcd}`];
  const own = [
    `--etcd-cafile=${pki.file('etcd/ca.crt')}`,
    `--etcd-certfile=${pki.file('apiserver-etcd-client.crt')}`,
    `--etcd-keyfile=${pki.file('apiserver-etcd-client.key')}`,
  ];
  return ['--storage-backend=etcd3', `--etcd-servers=${servers.join(',')}`, ...(cluster.etcdServers.length > 0 ? [] : own)];
}

function etcd(cluster: Cluster): ProcessSpec {
  const { ports, dataDir } = cluster;
  const pki = pkiOf(cluster);
  const client = `https://${reachable(cluster)}:${ports.etcd}`;
  const peer = `https://127.0.0.1:${ports.etcdPeer}`;
  const tls = (prefix: string, name: string): string[] => [
    `--${prefix}cert-file=${pki.file(`etcd/${name}.crt`)}`,
    `--${prefix}key-file=${pki.file(`etcd/${name}.key`)}`,
    `--${prefix}trusted-ca-file=${pki.file('etcd/ca.crt')}`,
    `--${prefix}client-cert-auth=true`,
  ];
  return {
    name: 'etcd',
    health: `${client}/health`,
    args: [
      'etcd',
      '--name=default',
      `--data-dir=${clusterPaths(dataDir).etcd}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      ...tls('', 'server'),
      ...tls('peer-', 'peer'),
    ],
  };
}

function kubelet(cluster: Cluster, index: number, { resolvConf }: Surroundings): ProcessSpec {
  const { address, dataDir, nodes, ports } = cluster;
  const node = nodes[index] ?? '';
  const port = ports.kubelets[index] ?? 0;
  const paths = clusterPaths(dataDir);
  return {
    name: kubeletOf(cluster, node),
    program: 'kubelet',
    health: `https://${reachable(cluster)}:${port}/healthz`,
    args: [
      kubeconfigOf(cluster, `kubelet-${node}`),
      `--hostname-override=${node}`,
      `--node-ip=${address}`,
      `--port=${port}`,
      `--root-dir=${paths.kubelet(node)}`,
      `--pod-cidr=${podRangeOf(index)}`,
      `--resolv-conf=${resolvConf}`,
      `--cluster-dns=${dnsAddress}`,
      `--cluster-domain=${clusterDomain}`,
      ...pkiOf(cluster).serving(`kubelet-${node}-serving`),
      ...(cluster.runtime === 'model' ? ['--container-runtime-endpoint=model://'] : containers(cluster)),
    ],
  };
}

/** The name of a node's kubelet. */
export function kubeletOf({ nodes }: Pick<Cluster, 'nodes'>, node: string): string {
  return nodes.length > 1 ? `kubelet-${node}` : 'kubelet';
}

function containers({ name, dataDir }: Cluster): string[] {
  const paths = clusterPaths(dataDir);
  return [
    `--container-runtime-endpoint=unix://${containerdPaths(paths.containerd).socket}`,
    `--cgroup-root=${cgroupOf({ name })}`,
    `--cni-conf-dir=${paths.cni}`,
    `--pod-manifest-path=${paths.manifests}`,
    // A full disk is its owner's business; a tenth of a large one is no shortage.
    '--eviction-hard=memory.available<100Mi,nodefs.available<1Gi,imagefs.available<1Gi',
  ];
}

/** The cgroup that a cluster's pods are in. */
export function cgroupOf({ name }: Pick<Cluster, 'name'>): string {
  return `/kubepods-${name}`;
}

function controllerManager(cluster: Cluster): ProcessSpec {
  const pki = pkiOf(cluster);
  return {
    name: 'kube-controller-manager',
    program: 'controller-manager',
    health: `https://${reachable(cluster)}:${cluster.ports.controllerManager}/healthz`,
    args: [
      kubeconfigOf(cluster, 'controller-manager'),
      ...listening(cluster, cluster.ports.controllerManager),
      ...pki.serving('controller-manager-serving'),
      `--root-ca-file=${pki.file('ca.crt')}`,
      `--cluster-signing-cert-file=${pki.file('ca.crt')}`,
      `--cluster-signing-key-file=${pki.file('ca.key')}`,
      `--service-account-private-key-file=${pki.file('sa.key')}`,
      '--controllers=*,bootstrapsigner,tokencleaner',
    ],
  };
}

function scheduler(cluster: Cluster): ProcessSpec {
  return {
    name: 'kube-scheduler',
    program: 'scheduler',
    health: `https://${reachable(cluster)}:${cluster.ports.scheduler}/healthz`,
    args: [
      kubeconfigOf(cluster, 'scheduler'),
      ...listening(cluster, cluster.ports.scheduler),
      ...pkiOf(cluster).serving('scheduler-serving'),
    ],
  };
}

function kubeProxy(cluster: Cluster): ProcessSpec {
  const { netns, ports } = cluster;
  return {
    name: 'kube-proxy',
    program: 'kube-proxy',
    health: `http://${reachable(cluster)}:${ports.proxyHealth}/healthz`,
    args: [
      kubeconfigOf(cluster, 'kube-proxy'),
      `--hostname-override=${cluster.nodes[0]}`,
      `--cluster-cidr=${podRange}`,
      `--service-cluster-ip-range=${serviceRange}`,
      `--healthz-bind-address=${netns ? '0.0.0.0' : '127.0.0.1'}:${ports.proxyHealth}`,
      `--metrics-bind-address=127.0.0.1:${ports.proxyMetrics}`,
      ...(cluster.masquerade ? ['--masquerade-egress'] : []),
      // The machine's own network keeps its settings.
      ...(netns ? [] : ['--conntrack-tcp-timeout-established=0s', '--conntrack-tcp-timeout-close-wait=0s']),
    ],
  };
}

/** On a machine others can reach, only what they have to call listens to them. */
function listening({ netns }: Cluster, port: number): string[] {
  return [`--bind-address=${netns ? '0.0.0.0' : '127.0.0.1'}`, `--secure-port=${port}`];
}

/** Where `npm run` reaches the processes. */
function reachable({ netns, address }: Cluster): string {
  return netns ? address : '127.0.0.1';
}

function kubeconfigOf({ dataDir }: Cluster, name: string): string {
  return `--kubeconfig=${join(clusterPaths(dataDir).kubeconfigs, `${name}.kubeconfig`)}`;
}

function pkiOf({ dataDir }: Cluster): { file(name: string): string; serving(name: string): string[] } {
  const file = (name: string): string => join(clusterPaths(dataDir).pki, name);
  return {
    file,
    serving: (name) => [
      `--tls-cert-file=${file(`${name}.crt`)}`,
      `--tls-private-key-file=${file(`${name}.key`)}`,
      `--client-ca-file=${file('ca.crt')}`,
    ],
  };
}
