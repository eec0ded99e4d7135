import { stringify } from 'yaml';
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

const init = {
  apiVersion,
  bootstrapTokens: [{ groups: [defaultNodeTokenGroup], token: placeholder, ttl: '24h0m0s', usages: tokenUsages }],
  kind: 'InitConfiguration',
  localAPIEndpoint: { advertiseAddress: '1.2.3.4', bindPort: 6443 },
  nodeRegistration: node,
  timeouts: usualTimeouts,
};

const cluster = {
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

const join = {
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

/** kubeadm's defaults for init, as a file that `--config` takes. */
export function initDefaults(): string {
  return documents(init, cluster);
}

/** kubeadm's defaults for join. */
export function joinDefaults(): string {
  return documents(join);
}

/** In upstream's order of fields, which is the alphabet's. */
function documents(...all: readonly object[]): string {
  return all.map((document) => stringify(document, { sortMapEntries: true, aliasDuplicateObjects: false })).join('---\n');
}
