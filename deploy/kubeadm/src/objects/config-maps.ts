import { renderKubeconfig } from '@keelson/client';
import type { ConfigMap } from '@keelson/types';
import { parse, stringify } from 'yaml';
import { clusterInfoKubeconfig, type KubeconfigTarget } from '../kubeconfigs.ts';
import type { ClusterSettings } from '../machine.ts';
import { addressAt } from '../ranges.ts';

const system = 'kube-system';

export const kubernetesVersion = 'v1.36.0';

export const configKeys = {
  kubeadm: { name: 'kubeadm-config', namespace: system },
  kubelet: { name: 'kubelet-config', namespace: system },
  kubeProxy: { name: 'kube-proxy', namespace: system },
  clusterInfo: { name: 'cluster-info', namespace: 'kube-public' },
} as const;

/** Where joining machines find the cluster and its authority; signed by the controller manager, once for each token. */
export function clusterInfo(target: Omit<KubeconfigTarget, 'clusterName'>): ConfigMap {
  return { metadata: configKeys.clusterInfo, data: { kubeconfig: renderKubeconfig(clusterInfoKubeconfig(target)) } };
}

/** The service address of the cluster's DNS: the tenth. */
export function dnsAddressOf({ serviceSubnet }: Pick<ClusterSettings, 'serviceSubnet'>): string {
  return addressAt(serviceSubnet, 10);
}

/** ConfigMap `kubeadm-config`: kubeadm's own document, and beside it what only Keelson has. */
export function kubeadmConfig(settings: ClusterSettings): ConfigMap {
  return {
    metadata: configKeys.kubeadm,
    data: {
      ClusterConfiguration: stringify(clusterConfiguration(settings)),
      KeelsonConfiguration: stringify({ overlay: settings.overlay, addons: settings.addons }),
    },
  };
}

/** kubeadm's ClusterConfiguration. */
export function clusterConfiguration(settings: ClusterSettings): object {
  const { clusterName, controlPlaneEndpoint, dnsDomain, podSubnet, serviceSubnet, controllerManagerExtraArgs } = settings;
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    certificatesDir: '/etc/kubernetes/pki',
    clusterName,
    ...(controlPlaneEndpoint && { controlPlaneEndpoint }),
    controllerManager:
      controllerManagerExtraArgs.length === 0
        ? {}
        : { extraArgs: controllerManagerExtraArgs.map((arg) => ({ name: arg.split('=')[0], value: arg.split('=').slice(1).join('=') })) },
    etcd: etcd(settings),
    kubernetesVersion,
    networking: { dnsDomain, podSubnet, serviceSubnet },
  };
}

const etcdFiles = {
  caFile: '/etc/kubernetes/pki/etcd/ca.crt',
  certFile: '/etc/kubernetes/pki/apiserver-etcd-client.crt',
  keyFile: '/etc/kubernetes/pki/apiserver-etcd-client.key',
};

function etcd({ etcdServers, etcdTls }: ClusterSettings): object {
  if (etcdServers.length === 0) return { local: { dataDir: '/var/lib/keelson/store' } };
  return { external: { endpoints: etcdServers, ...(etcdTls ? etcdFiles : { caFile: '', certFile: '', keyFile: '' }) } };
}

/** Reads `kubeadm-config` back. @throws when it holds no ClusterConfiguration. */
export function settingsOf({ data }: ConfigMap): ClusterSettings {
  const document: unknown = parse(data?.ClusterConfiguration ?? '');
  if (member(document, 'kind') !== 'ClusterConfiguration')
    throw new Error('ConfigMap kube-system/kubeadm-config has no ClusterConfiguration');
  const own: unknown = parse(data?.KeelsonConfiguration ?? '{}');
  const networking = member(document, 'networking');
  const external = member(member(document, 'etcd'), 'external');
  const extra = member(member(document, 'controllerManager'), 'extraArgs');
  return {
    clusterName: text(member(document, 'clusterName')),
    controlPlaneEndpoint: text(member(document, 'controlPlaneEndpoint')),
    podSubnet: text(member(networking, 'podSubnet')),
    serviceSubnet: text(member(networking, 'serviceSubnet')),
    dnsDomain: text(member(networking, 'dnsDomain')),
    etcdServers: list(member(external, 'endpoints')).map(text),
    etcdTls: text(member(external, 'caFile')) !== '',
    overlay: member(own, 'overlay') === true,
    addons: list(member(own, 'addons')).map(text),
    controllerManagerExtraArgs: list(extra).map((arg) => `${text(member(arg, 'name'))}=${text(member(arg, 'value'))}`),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** ConfigMap `kubelet-config`: what all kubelets have in common, for who looks it up. */
export function kubeletConfig(settings: ClusterSettings): ConfigMap {
  const document = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' } },
    authorization: { mode: 'Webhook' },
    clusterDNS: [dnsAddressOf(settings)],
    clusterDomain: settings.dnsDomain,
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
  };
  return { metadata: configKeys.kubelet, data: { kubelet: stringify(document) } };
}

/** ConfigMap `kube-proxy`: what all kube-proxies have in common, for who looks it up. */
export function kubeProxyConfig({ podSubnet }: ClusterSettings): ConfigMap {
  const document = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clusterCIDR: podSubnet,
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
    mode: 'iptables',
  };
  return { metadata: { ...configKeys.kubeProxy, labels: { app: 'kube-proxy' } }, data: { 'config.conf': stringify(document) } };
}
