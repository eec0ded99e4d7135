import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile, usualValidity, type Validity } from '@keelson/deploy-local';
import type { Taint } from '@keelson/types';
import type { Fields } from './config/forms.ts';
import { type Layout, layoutOf, usualCertificatesDir } from './layout.ts';
import type { Patch } from './patches/patches.ts';

/** What the machines of a cluster agree on; kept in ConfigMap `kubeadm-config`. */
export interface ClusterSettings extends Validity {
  readonly clusterName: string;
  /** `host:port` that stays while control planes come and go; empty where there is one control plane. */
  readonly controlPlaneEndpoint: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly dnsDomain: string;
  /** Members of an etcd; none: the first machine's embedded store. */
  readonly etcdServers: readonly string[];
  /** Whether etcd is called over TLS with a client certificate, which every control plane has then. */
  readonly etcdTls: boolean;
  /** Whether pods' packets travel between machines in VXLAN. */
  readonly overlay: boolean;
  /** Names of those in `deploy/addons` that it has. */
  readonly addons: readonly string[];
  /** Flags of the processes beyond those kubeadm gives, as `name=value`. */
  readonly apiServerExtraArgs: readonly string[];
  readonly controllerManagerExtraArgs: readonly string[];
  readonly schedulerExtraArgs: readonly string[];
  /** More names and addresses for the API servers' certificates. */
  readonly apiServerCertSans: readonly string[];
  /** Of control planes: where their authorities and certificates are. */
  readonly certificatesDir: string;
  /** Whether services are led by somebody else. */
  readonly kubeProxyDisabled: boolean;
}

/** Of clusters that were made before there was a choice. */
const earlier = {
  ...{ apiServerExtraArgs: [], schedulerExtraArgs: [], apiServerCertSans: [] },
  ...{ certificatesDir: usualCertificatesDir, kubeProxyDisabled: false, ...usualValidity },
} satisfies Partial<ClusterSettings>;

/** All that was decided for one machine: `machine.json`. */
export interface Machine {
  readonly root: string;
  readonly role: 'control-plane' | 'worker';
  readonly nodeName: string;
  /** Under which the other machines reach it. */
  readonly address: string;
  /** Port of the API server, where there is one. */
  readonly bindPort: number;
  /** Endpoint of the machine's own container runtime; empty: kubeadm runs a private one. */
  readonly criSocket: string;
  readonly cluster: ClusterSettings;
  /** Of its Node; absent: those of its role. */
  readonly taints?: readonly Taint[];
  /** Flags of the kubelet beyond those kubeadm gives, as `name=value`. */
  readonly kubeletExtraArgs?: readonly string[];
  /** What the cluster's documents for kubelets and kube-proxies say, where they say more than ours. */
  readonly kubeletConfiguration?: Fields;
  readonly kubeProxyConfiguration?: Fields;
  /** What the kubelet's configuration is changed by, on this machine alone. */
  readonly kubeletPatches?: readonly Patch[];
}

/** The cgroup that the machine's pods are below: machines that share a kernel must not share it. */
export function cgroupRootOf({ root }: Pick<Machine, 'root'>): string {
  return root === '/' ? '/' : `/keelson-${createHash('sha256').update(root).digest('hex').slice(0, 8)}`;
}

/** The cgroup that is the pods' alone. */
export function podsCgroupOf(machine: Pick<Machine, 'root'>): string {
  const parent = cgroupRootOf(machine);
  return parent === '/' ? '/kubepods' : parent;
}

export function machineLayout({ root, cluster }: Pick<Machine, 'root' | 'cluster'>): Layout {
  return layoutOf(root, cluster.certificatesDir);
}

export async function saveMachine(machine: Machine): Promise<void> {
  await replaceFile(layoutOf(machine.root).machine, `${JSON.stringify(machine, null, 2)}\n`);
}

/** What was made below a root; undefined when nothing was. */
export async function loadMachine(root: string): Promise<Machine | undefined> {
  const text = await readFile(layoutOf(root).machine, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const machine = JSON.parse(text) as Machine;
  return { ...machine, cluster: { ...earlier, ...machine.cluster } };
}
