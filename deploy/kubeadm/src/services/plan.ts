import type { ProcessSpec } from '@keelson/deploy-local';
import type { Layout } from '../layout.ts';
import { cgroupRootOf, type Machine } from '../machine.ts';
import { withExtra } from './extra-args.ts';

/** A process of the machine. */
export type Service = Pick<ProcessSpec, 'name' | 'program' | 'args'>;

/** Facts that flags depend on and that nobody decided. */
export interface Surroundings {
  /** Socket of the private container runtime; used where the machine has none of its own. */
  readonly containerd: string;
  /** Where the private runtime looks for network lists. */
  readonly cniConfDir: string;
  /** The file of the embedded store. */
  readonly database: string;
}

/** The processes of a machine, in the order in which they need each other. The private container runtime is not among them. */
export function servicesOf(machine: Machine, layout: Layout, surroundings: Surroundings): readonly Service[] {
  const controlPlane =
    machine.role === 'control-plane'
      ? [apiserver(machine, layout, surroundings), controllerManager(machine, layout), scheduler(machine, layout)]
      : [];
  const services = [...controlPlane, kubelet(machine, layout, surroundings), kubeProxy(machine, layout)];
  return machine.cluster.kubeProxyDisabled ? services.slice(0, -1) : services;
}

function apiserver({ address, bindPort, cluster }: Machine, { pki }: Layout, { database }: Surroundings): Service {
  const file = (name: string): string => `${pki}/${name}`;
  return {
    name: 'kube-apiserver',
    program: 'apiserver',
    args: withExtra(
      [
        `--advertise-address=${address}`,
        `--secure-port=${bindPort}`,
        `--client-ca-file=${file('ca.crt')}`,
        '--enable-bootstrap-token-auth=true',
        `--kubelet-client-certificate=${file('apiserver-kubelet-client.crt')}`,
        `--kubelet-client-key=${file('apiserver-kubelet-client.key')}`,
        `--proxy-client-cert-file=${file('front-proxy-client.crt')}`,
        `--proxy-client-key-file=${file('front-proxy-client.key')}`,
        '--requestheader-allowed-names=front-proxy-client',
        `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
        '--requestheader-extra-headers-prefix=X-Remote-Extra-',
        '--requestheader-group-headers=X-Remote-Group',
        '--requestheader-username-headers=X-Remote-User',
        `--service-account-issuer=https://kubernetes.default.svc.${cluster.dnsDomain}`,
        `--service-account-key-file=${file('sa.pub')}`,
        `--service-account-signing-key-file=${file('sa.key')}`,
        `--service-cluster-ip-range=${cluster.serviceSubnet}`,
        `--tls-cert-file=${file('apiserver.crt')}`,
        `--tls-private-key-file=${file('apiserver.key')}`,
        ...storage(cluster, file, database),
      ],
      cluster.apiServerExtraArgs,
    ),
  };
}

function storage({ etcdServers, etcdTls }: Machine['cluster'], file: (name: string) => string, database: string): string[] {
  if (etcdServers.length === 0) return ['--storage-backend=sqlite', `--storage-file=${database}`];
  const tls = [
    `--etcd-cafile=${file('etcd/ca.crt')}`,
    `--etcd-certfile=${file('apiserver-etcd-client.crt')}`,
    `--etcd-keyfile=${file('apiserver-etcd-client.key')}`,
  ];
  return ['--storage-backend=etcd3', `--etcd-servers=${etcdServers.join(',')}`, ...(etcdTls ? tls : [])];
}

function controllerManager({ cluster }: Machine, layout: Layout): Service {
  const file = (name: string): string => `${layout.pki}/${name}`;
  return {
    name: 'kube-controller-manager',
    program: 'controller-manager',
    args: withExtra(
      [
        ...kubeconfigs(layout, 'controller-manager'),
        '--allocate-node-cidrs=true',
        '--bind-address=127.0.0.1',
        `--client-ca-file=${file('ca.crt')}`,
        `--cluster-cidr=${cluster.podSubnet}`,
        `--cluster-name=${cluster.clusterName}`,
        `--cluster-signing-cert-file=${file('ca.crt')}`,
        `--cluster-signing-key-file=${file('ca.key')}`,
        '--controllers=*,bootstrapsigner,tokencleaner',
        '--leader-elect=true',
        `--root-ca-file=${file('ca.crt')}`,
        `--service-account-private-key-file=${file('sa.key')}`,
        `--service-cluster-ip-range=${cluster.serviceSubnet}`,
        '--use-service-account-credentials=true',
      ],
      cluster.controllerManagerExtraArgs,
    ),
  };
}

function scheduler({ cluster }: Machine, layout: Layout): Service {
  return {
    name: 'kube-scheduler',
    program: 'scheduler',
    args: withExtra([...kubeconfigs(layout, 'scheduler'), '--bind-address=127.0.0.1', '--leader-elect=true'], cluster.schedulerExtraArgs),
  };
}

function kubeconfigs(layout: Layout, name: string): string[] {
  const path = layout.kubeconfig(name);
  return [`--kubeconfig=${path}`, `--authentication-kubeconfig=${path}`, `--authorization-kubeconfig=${path}`];
}

function kubelet(machine: Machine, layout: Layout, { containerd, cniConfDir }: Surroundings): Service {
  const { nodeName, address, criSocket, cluster, taints = [], kubeletExtraArgs = [] } = machine;
  const tainted = taints.map(({ key, value = '', effect }) => `${key}=${value}:${effect}`);
  const own = [
    `--config=${layout.kubeletConfig}`,
    `--bootstrap-kubeconfig=${layout.kubeconfig('bootstrap-kubelet')}`,
    `--kubeconfig=${layout.kubeconfig('kubelet')}`,
    `--cert-dir=${layout.kubeletPki}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${address}`,
    `--root-dir=${layout.kubelet}`,
    `--container-runtime-endpoint=${criSocket || `unix://${containerd}`}`,
    `--cni-conf-dir=${criSocket ? layout.cni : cniConfDir}`,
    `--cgroup-root=${cgroupRootOf(machine)}`,
    ...(cluster.overlay ? ['--overlay'] : []),
    ...(tainted.length > 0 ? [`--register-with-taints=${tainted.join(',')}`] : []),
  ];
  return { name: 'kubelet', program: 'kubelet', args: withExtra(own, kubeletExtraArgs) };
}

function kubeProxy({ nodeName, cluster }: Machine, layout: Layout): Service {
  const args = [
    `--config=${layout.kubeProxyConfig}`,
    `--kubeconfig=${kubeProxyKubeconfig(layout)}`,
    `--hostname-override=${nodeName}`,
    `--service-cluster-ip-range=${cluster.serviceSubnet}`,
    '--masquerade-egress',
  ];
  return { name: 'kube-proxy', program: 'kube-proxy', args };
}

export function kubeProxyKubeconfig({ kubeProxy: folder }: Layout): string {
  return `${folder}/kubeconfig.conf`;
}
