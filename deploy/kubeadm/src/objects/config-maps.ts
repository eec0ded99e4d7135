import { renderKubeconfig } from '@keelson/client';
import { mergeConfig } from '@keelson/component';
import { usualValidity } from '@keelson/deploy-local';
import { parseYaml, toYaml } from '@keelson/machinery';
import type { ConfigMap } from '@keelson/types';
import type { Fields } from '../config/forms.ts';
import { daysOf, periodOf } from '../config/periods.ts';
import { clusterInfoKubeconfig, type KubeconfigTarget } from '../kubeconfigs.ts';
import { usualCertificatesDir } from '../layout.ts';
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
      ClusterConfiguration: toYaml(clusterConfiguration(settings)),
      KeelsonConfiguration: toYaml({ overlay: settings.overlay, addons: settings.addons }),
    },
  };
}

/** kubeadm's ClusterConfiguration. */
export function clusterConfiguration(settings: ClusterSettings): object {
  const { clusterName, controlPlaneEndpoint, dnsDomain, podSubnet, serviceSubnet, apiServerCertSans: certSANs } = settings;
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    apiServer: { ...(certSANs.length > 0 ? { certSANs } : {}), ...extraArgs(settings.apiServerExtraArgs) },
    caCertificateValidityPeriod: periodOf(settings.authorityDays),
    certificateValidityPeriod: periodOf(settings.certificateDays),
    certificatesDir: settings.certificatesDir,
    clusterName,
    ...(controlPlaneEndpoint && { controlPlaneEndpoint }),
    controllerManager: extraArgs(settings.controllerManagerExtraArgs),
    dns: settings.addons.includes('dns') ? {} : { disabled: true },
    etcd: etcd(settings),
    kubernetesVersion,
    networking: { dnsDomain, podSubnet, serviceSubnet },
    proxy: settings.kubeProxyDisabled ? { disabled: true } : {},
    scheduler: extraArgs(settings.schedulerExtraArgs),
  };
}

function extraArgs(args: readonly string[]): object {
  if (args.length === 0) return {};
  return { extraArgs: args.map((arg) => ({ name: arg.split('=')[0], value: arg.split('=').slice(1).join('=') })) };
}

function etcd({ etcdServers, etcdTls, certificatesDir }: ClusterSettings): object {
  if (etcdServers.length === 0) return { local: { dataDir: '/var/lib/keelson/store' } };
  const at = (file: string): string => (etcdTls ? `${certificatesDir}/${file}` : '');
  const files = { caFile: at('etcd/ca.crt'), certFile: at('apiserver-etcd-client.crt'), keyFile: at('apiserver-etcd-client.key') };
  return { external: { endpoints: etcdServers, ...files } };
}

/** Reads `kubeadm-config` back. @throws when it holds no ClusterConfiguration. */
export function settingsOf({ data }: ConfigMap): ClusterSettings {
  const document: unknown = parseYaml(data?.ClusterConfiguration ?? '').value;
  if (member(document, 'kind') !== 'ClusterConfiguration')
    throw new Error('ConfigMap kube-system/kubeadm-config has no ClusterConfiguration');
  const own: unknown = parseYaml(data?.KeelsonConfiguration ?? '').value;
  const networking = member(document, 'networking');
  const external = member(member(document, 'etcd'), 'external');
  const extra = (component: string): string[] =>
    list(member(member(document, component), 'extraArgs')).map((arg) => `${text(member(arg, 'name'))}=${text(member(arg, 'value'))}`);
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
    apiServerExtraArgs: extra('apiServer'),
    controllerManagerExtraArgs: extra('controllerManager'),
    schedulerExtraArgs: extra('scheduler'),
    apiServerCertSans: list(member(member(document, 'apiServer'), 'certSANs')).map(text),
    certificatesDir: text(member(document, 'certificatesDir')) || usualCertificatesDir,
    kubeProxyDisabled: member(member(document, 'proxy'), 'disabled') === true,
    authorityDays: daysOf(member(document, 'caCertificateValidityPeriod')) ?? usualValidity.authorityDays,
    certificateDays: daysOf(member(document, 'certificateValidityPeriod')) ?? usualValidity.certificateDays,
  };
}

/** The version in `kubeadm-config`; empty when there is none. */
export function recordedVersion({ data }: ConfigMap): string {
  return text(member(parseYaml(data?.ClusterConfiguration ?? '').value, 'kubernetesVersion'));
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

/** ConfigMap `kubelet-config`: what all kubelets have in common. @param own the administrator's document, which has the last word. */
export function kubeletConfig(settings: ClusterSettings, own: Fields = {}): ConfigMap {
  const document = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${settings.certificatesDir}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    clusterDNS: [dnsAddressOf(settings)],
    clusterDomain: settings.dnsDomain,
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
  };
  return { metadata: configKeys.kubelet, data: { kubelet: toYaml(mergeConfig(document, own)) } };
}

/** ConfigMap `kube-proxy`: what all kube-proxies have in common. @param own the administrator's document, which has the last word. */
export function kubeProxyConfig({ podSubnet }: ClusterSettings, own: Fields = {}): ConfigMap {
  const document = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clusterCIDR: podSubnet,
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
    mode: 'iptables',
  };
  const data = { 'config.conf': toYaml(mergeConfig(document, own)) };
  return { metadata: { ...configKeys.kubeProxy, labels: { app: 'kube-proxy' } }, data };
}

/** The document in one of those two. @throws when the ConfigMap holds none. */
export function componentDocument({ metadata, data }: ConfigMap, key: 'kubelet' | 'config.conf'): Fields {
  const document: unknown = parseYaml(data?.[key] ?? '').value;
  if (typeof document === 'object' && document !== null) return document as Fields;
  throw new Error(`ConfigMap kube-system/${metadata.name ?? ''} has no ${key}`);
}
