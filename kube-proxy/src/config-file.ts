import type { ConfigKind, InertFlags } from '@keelson/component';

export const inert: InertFlags = {
  switches: ['bind-address-hard-fail', 'conntrack-tcp-be-liberal'],
  values: [
    ...['bind-address', 'config-sync-period', 'conntrack-udp-timeout', 'conntrack-udp-timeout-stream', 'detect-local-mode', 'healthz-port'],
    ...['metrics-port', 'oom-score-adj', 'pod-bridge-interface', 'pod-interface-name-prefix', 'proxy-port-range'],
    ...['window', 'write-config-to'],
  ],
};

export const configKind: ConfigKind = {
  kind: 'KubeProxyConfiguration',
  group: 'kubeproxy.config.k8s.io',
  version: 'v1alpha1',
  lenient: true,
  inert: [
    ...[
      'bindAddress',
      'bindAddressHardFail',
      'clientConnection.acceptContentTypes',
      'clientConnection.burst',
      'clientConnection.contentType',
    ],
    ...['clientConnection.qps', 'configSyncPeriod', 'conntrack.tcpBeLiberal', 'conntrack.udpStreamTimeout', 'conntrack.udpTimeout'],
    ...[
      'detectLocal',
      'detectLocalMode',
      'enableProfiling',
      'featureGates',
      'logging.flushFrequency',
      'logging.format',
      'logging.options',
      'logging.vmodule',
      'oomScoreAdj',
    ],
    ...['portRange', 'showHiddenMetricsForVersion', 'windowsRunAsService', 'winkernel'],
  ],
  fields: {
    'clientConnection.kubeconfig': 'kubeconfig',
    hostnameOverride: 'hostname-override',
    clusterCIDR: 'cluster-cidr',
    'logging.verbosity': 'v',
    mode: { flag: 'proxy-mode', text: (value) => String(value) || 'iptables' },
    healthzBindAddress: { flag: 'healthz-bind-address', text: (value) => withPort(String(value) || '0.0.0.0', 10_256) },
    metricsBindAddress: { flag: 'metrics-bind-address', text: (value) => withPort(String(value) || '127.0.0.1', 10_249) },
    'iptables.masqueradeAll': 'masquerade-all',
    'iptables.masqueradeBit': 'iptables-masquerade-bit',
    'iptables.localhostNodePorts': 'iptables-localhost-nodeports',
    'iptables.syncPeriod': { flag: 'iptables-sync-period', text: (value) => orElse(value, '30s') },
    'iptables.minSyncPeriod': { flag: 'iptables-min-sync-period', text: (value) => orElse(value, '100ms') },
    'ipvs.scheduler': { flag: 'ipvs-scheduler', text: (value) => String(value) || 'rr' },
    'ipvs.strictARP': 'ipvs-strict-arp',
    'ipvs.excludeCIDRs': 'ipvs-exclude-cidrs',
    'ipvs.syncPeriod': { flag: 'ipvs-sync-period', text: (value) => orElse(value, '30s') },
    'ipvs.minSyncPeriod': { flag: 'ipvs-min-sync-period', text: (value) => orElse(value, '100ms') },
    'ipvs.tcpTimeout': 'ipvs-tcp-timeout',
    'ipvs.tcpFinTimeout': 'ipvs-tcpfin-timeout',
    'ipvs.udpTimeout': 'ipvs-udp-timeout',
    'nftables.masqueradeAll': 'nftables-masquerade-all',
    'nftables.masqueradeBit': 'nftables-masquerade-bit',
    'nftables.syncPeriod': { flag: 'nftables-sync-period', text: (value) => orElse(value, '30s') },
    'nftables.minSyncPeriod': { flag: 'nftables-min-sync-period', text: (value) => orElse(value, '100ms') },
    nodePortAddresses: 'nodeport-addresses',
    'conntrack.maxPerCore': 'conntrack-max-per-core',
    'conntrack.min': 'conntrack-min',
    'conntrack.tcpEstablishedTimeout': 'conntrack-tcp-timeout-established',
    'conntrack.tcpCloseWaitTimeout': 'conntrack-tcp-timeout-close-wait',
  },
};

/** A duration of 0 stands for the default in these files. */
function orElse(value: unknown, fallback: string): string {
  return value === '0s' || value === 0 || value === '' ? fallback : String(value);
}

/** An address without a port gets the usual one, as upstream; an empty one has been made the usual one before. */
function withPort(address: string, port: number): string {
  if (/^(\[.*\]|[^:]*):\d+$/.test(address)) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
