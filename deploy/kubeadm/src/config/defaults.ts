import { toYaml } from '@keelson/machinery';
import { usualCertificatesDir } from '../layout.ts';
import { kubernetesVersion } from '../objects/config-maps.ts';
import { defaultNodeTokenGroup, tokenUsages } from '../objects/tokens.ts';
import { usualTimeouts } from './kinds.ts';

const apiVersion = 'kubeadm.k8s.io/v1beta4';

/** Stands for a token that nobody has made. */
const placeholder = 'abcdef.0123456789abcdef';

const node = {
  criSocket: 'unix:///var/run/containerd/containerd.sock',
  imagePullPolicy: 'IfNotPresent',
  imagePullSerial: true,
  name: 'node',
  taints: null,
};

/** What is unsaid of a bootstrap token. */
export const usualToken = { groups: [defaultNodeTokenGroup], ttl: '24h0m0s', usages: tokenUsages };

/** What init takes for unsaid. */
export const usualInit = {
  apiVersion,
  bootstrapTokens: [{ ...usualToken, token: placeholder }],
  kind: 'InitConfiguration',
  localAPIEndpoint: { advertiseAddress: '1.2.3.4', bindPort: 6443 },
  nodeRegistration: node,
  timeouts: usualTimeouts,
};

export const usualCluster = {
  apiServer: {},
  apiVersion,
  caCertificateValidityPeriod: '87600h0m0s',
  certificateValidityPeriod: '8760h0m0s',
  certificatesDir: usualCertificatesDir,
  clusterName: 'kubernetes',
  controllerManager: {},
  dns: {},
  encryptionAlgorithm: 'RSA-2048',
  etcd: { local: { dataDir: '/var/lib/etcd' } },
  imageRepository: 'registry.k8s.io',
  kind: 'ClusterConfiguration',
  kubernetesVersion,
  networking: { dnsDomain: 'cluster.local', serviceSubnet: '10.96.0.0/12' },
  proxy: {},
  scheduler: {},
};

/** What join takes for unsaid. */
export const usualJoin = {
  apiVersion,
  caCertPath: `${usualCertificatesDir}/ca.crt`,
  discovery: {
    bootstrapToken: { apiServerEndpoint: 'kube-apiserver:6443', token: placeholder, unsafeSkipCAVerification: true },
    tlsBootstrapToken: placeholder,
  },
  kind: 'JoinConfiguration',
  nodeRegistration: node,
  timeouts: usualTimeouts,
};

/** What reset takes for unsaid. */
export const usualReset = {
  apiVersion,
  certificatesDir: usualCertificatesDir,
  kind: 'ResetConfiguration',
  timeouts: usualTimeouts,
};

const usualRunning = { certificateRenewal: true, etcdUpgrade: true, imagePullPolicy: 'IfNotPresent', imagePullSerial: true };

/** What upgrades take for unsaid. */
export const usualUpgrade = {
  apiVersion,
  apply: usualRunning,
  diff: {},
  kind: 'UpgradeConfiguration',
  node: usualRunning,
  plan: { etcdUpgrade: true },
  timeouts: usualTimeouts,
};

/** kubeadm's defaults for init, as a file that `--config` takes. */
export function initDefaults(): string {
  return documents(usualInit, usualCluster);
}

/** kubeadm's defaults for join. */
export function joinDefaults(): string {
  return documents(usualJoin);
}

/** kubeadm's defaults for reset. */
export function resetDefaults(): string {
  return documents(usualReset);
}

/** kubeadm's defaults for upgrades. */
export function upgradeDefaults(): string {
  return documents(usualUpgrade);
}

/** Documents of one file. */
export function documents(...all: readonly object[]): string {
  return all.map(toYaml).join('---\n');
}
