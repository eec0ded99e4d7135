import { type Cluster, serviceAddress } from '../cluster/cluster.ts';

/** A certificate of the cluster, under kubeadm's names and subjects. */
export interface WantedCertificate {
  /** Below the pki directory, without `.crt` and `.key`. */
  readonly file: string;
  readonly ca: Authority;
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
}

export type Authority = 'ca' | 'etcd/ca' | 'front-proxy-ca';

export const authorities: Readonly<Record<Authority, string>> = {
  ca: 'kubernetes',
  'etcd/ca': 'etcd-ca',
  'front-proxy-ca': 'front-proxy-ca',
};

/** Who calls the API server, by the name of their kubeconfig. */
export function wantedClients({ nodes }: Pick<Cluster, 'nodes'>): readonly WantedCertificate[] {
  const client = (file: string, commonName: string, organizations: readonly string[] = []): WantedCertificate => ({
    file,
    ca: 'ca',
    commonName,
    organizations,
    usages: ['client'],
  });
  return [
    client('admin', 'kubernetes-admin', ['system:masters']),
    client('controller-manager', 'system:kube-controller-manager'),
    client('scheduler', 'system:kube-scheduler'),
    client('kube-proxy', 'system:kube-proxy'),
    ...nodes.map((node) => client(`kubelet-${node}`, `system:node:${node}`, ['system:nodes'])),
  ];
}

/** Every certificate that a cluster's processes are started with. */
export function wantedCertificates(cluster: Cluster): readonly WantedCertificate[] {
  const kubernetes = ['', '.default', '.default.svc', '.default.svc.cluster.local'].map((suffix) => `kubernetes${suffix}`);
  return [
    server('apiserver', 'kube-apiserver', cluster, kubernetes, [serviceAddress]),
    {
      file: 'apiserver-kubelet-client',
      ca: 'ca',
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
    },
    { file: 'front-proxy-client', ca: 'front-proxy-ca', commonName: 'front-proxy-client', usages: ['client'] },
    server('controller-manager-serving', 'kube-controller-manager', cluster),
    server('scheduler-serving', 'kube-scheduler', cluster),
    ...cluster.nodes.map((node) => ({
      ...server(`kubelet-${node}-serving`, `system:node:${node}`, cluster, [node]),
      organizations: ['system:nodes'],
    })),
    ...wantedClients(cluster),
    ...(cluster.store === 'etcd' && cluster.etcdServers.length === 0 ? etcd(cluster) : []),
  ];
}

function server(
  file: string,
  commonName: string,
  { address }: Cluster,
  dnsNames: readonly string[] = [],
  ips: readonly string[] = [],
): WantedCertificate {
  return {
    file,
    ca: 'ca',
    commonName,
    usages: ['server'],
    dnsNames: [...dnsNames, 'localhost'],
    ips: [...new Set([...ips, '127.0.0.1', address])],
  };
}

function etcd(cluster: Cluster): WantedCertificate[] {
  const both: WantedCertificate = { ...server('', 'etcd', cluster), ca: 'etcd/ca', usages: ['server', 'client'] };
  return [
    { ...both, file: 'etcd/server' },
    { ...both, file: 'etcd/peer' },
    { file: 'apiserver-etcd-client', ca: 'etcd/ca', commonName: 'kube-apiserver-etcd-client', usages: ['client'] },
  ];
}
