import { mergeConfig } from '@keelson/component';
import { toYaml } from '@keelson/machinery';
import type { Fields } from '../config/forms.ts';
import type { Layout } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { componentDocument, kubeletConfig, kubeProxyConfig } from '../objects/config-maps.ts';
import { patched } from '../patches/patches.ts';

/** A full disk is its owner's business; a tenth of a large one is no shortage. */
const evictionHard = { 'memory.available': '100Mi', 'nodefs.available': '1Gi', 'imagefs.available': '1Gi' };

/** What the kubelet of a machine is configured with: what all kubelets of the cluster have in common, with this machine's places. */
export function kubeletDocument(machine: Machine, layout: Layout, resolvConf: string): Fields {
  const { cluster, kubeletConfiguration } = machine;
  const common = componentDocument(kubeletConfig(cluster, kubeletConfiguration), 'kubelet');
  const usual = componentDocument(kubeletConfig(cluster), 'kubelet');
  const places = { authentication: { x509: { clientCAFile: `${layout.pki}/ca.crt` } }, staticPodPath: layout.manifests };
  // Thresholds are a whole: whoever names one means that there are no others.
  const below = { resolvConf, ...(common.evictionHard === undefined ? { evictionHard } : {}) };
  return patched(mergeConfig(below, placed(common, usual, places)) as Fields, machine.kubeletPatches ?? []);
}

/** What its kube-proxy is configured with, in the same way. */
export function kubeProxyDocument({ cluster, kubeProxyConfiguration }: Machine, { kubeProxy }: Layout): Fields {
  const common = componentDocument(kubeProxyConfig(cluster, kubeProxyConfiguration), 'config.conf');
  const usual = componentDocument(kubeProxyConfig(cluster), 'config.conf');
  const below = { healthzBindAddress: '0.0.0.0:10256', metricsBindAddress: '127.0.0.1:10249' };
  const places = { clientConnection: { kubeconfig: `${kubeProxy}/kubeconfig.conf` } };
  return mergeConfig(below, placed(common, usual, places)) as Fields;
}

/** The document with a path put where it is on this machine, if nobody said that it is elsewhere. */
function placed(document: Fields, usual: Fields, places: Fields): Fields {
  const changes = Object.entries(places).map(([name, place]) => {
    const [said, asUsual] = [document[name], usual[name]];
    if (typeof place === 'string') return [name, said === asUsual ? place : said];
    return [name, placed((said ?? {}) as Fields, (asUsual ?? {}) as Fields, place as Fields)];
  });
  return { ...document, ...Object.fromEntries(changes) };
}

/** The files that a process is configured with, by their paths. */
export function filesOf(service: string, machine: Machine, layout: Layout, resolvConf: string): Readonly<Record<string, string>> {
  if (service === 'kubelet') return { [layout.kubeletConfig]: toYaml(kubeletDocument(machine, layout, resolvConf)) };
  if (service === 'kube-proxy') return { [layout.kubeProxyConfig]: toYaml(kubeProxyDocument(machine, layout)) };
  return {};
}
