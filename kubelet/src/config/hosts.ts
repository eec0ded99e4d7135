import type { Pod } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { podName, podNamespace } from '../pod/naming.ts';

/** The name the pod's kernel knows it by, and its domain name where it has one. */
export function hostnameOf(
  pod: Pod,
  clusterDomain: string,
): { readonly hostname: string; readonly fqdn: string | undefined; readonly kernel: string } {
  const spec = podSpec(pod);
  const hostname =
    spec.hostnameOverride ??
    (spec.hostname ||
      podName(pod)
        .slice(0, 63)
        .replace(/[-.]+$/, ''));
  const fqdn =
    spec.subdomain && !spec.hostnameOverride ? `${hostname}.${spec.subdomain}.${podNamespace(pod)}.svc.${clusterDomain}` : undefined;
  return { hostname, fqdn, kernel: spec.setHostnameAsFQDN && fqdn ? fqdn : hostname };
}

/** The pod's /etc/hosts. `hostFile`: the node's own, which host-network pods keep. */
export function hostsFile(pod: Pod, ips: readonly string[], clusterDomain: string, hostFile: string): string {
  const spec = podSpec(pod);
  const aliases = (spec.hostAliases ?? []).map(({ ip, hostnames }) => [ip, ...(hostnames ?? [])].join('\t'));
  const tail = aliases.length > 0 ? `\n# Entries added by HostAliases.\n${aliases.join('\n')}\n` : '';
  if (spec.hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${hostFile}${tail}`;
  const { hostname, fqdn } = hostnameOf(pod, clusterDomain);
  const own = ips.map((ip) => [ip, ...(fqdn ? [fqdn] : []), hostname].join('\t'));
  const fixed = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
  ];
  return `${[...fixed, ...own].join('\n')}\n${tail}`;
}
