import { type Api, ApiError } from '@keelson/client';
import { ConfigMap } from '@keelson/types';
import type { ClusterSettings, Machine } from '../machine.ts';
import { componentDocument, configKeys, recordedVersion, settingsOf } from './config-maps.ts';

/** What the machines of a cluster agree on, as its ConfigMaps have it. */
export interface Agreed {
  readonly settings: ClusterSettings;
  /** kubeadm's own document of them, as it stands there. */
  readonly clusterConfiguration: string;
  /** Of Kubernetes, as kubeadm wrote it down last. */
  readonly version: string;
  readonly documents: Pick<Machine, 'kubeletConfiguration' | 'kubeProxyConfiguration'>;
}

/**
 * Reads what the machines agree on. What kube-proxies have in common is left out where they are not wanted, or who asks may not read it, as
 * nodes might not in clusters made earlier. @throws ApiError, and Error for a ConfigMap without its document
 */
export async function agreedOf(api: Api): Promise<Agreed> {
  const kubeadm = await api.get(ConfigMap, configKeys.kubeadm);
  const settings = settingsOf(kubeadm);
  const kubeletConfiguration = componentDocument(await api.get(ConfigMap, configKeys.kubelet), 'kubelet');
  const proxy = settings.kubeProxyDisabled ? undefined : await kubeProxyMap(api);
  const documents = { kubeletConfiguration, ...(proxy ? { kubeProxyConfiguration: componentDocument(proxy, 'config.conf') } : {}) };
  const { ClusterConfiguration: clusterConfiguration = '' } = kubeadm.data ?? {};
  return { settings, clusterConfiguration, version: recordedVersion(kubeadm), documents };
}

async function kubeProxyMap(api: Api): Promise<ConfigMap | undefined> {
  return api.get(ConfigMap, configKeys.kubeProxy).catch((error: unknown) => {
    if (error instanceof ApiError && error.reason === 'Forbidden') return undefined;
    throw error;
  });
}
