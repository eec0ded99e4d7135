import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type Mode = 'iptables' | 'ipvs' | 'nftables';

/** kube-proxy's metrics, under upstream's names. */
export type ProxyMetrics = ReturnType<typeof proxyMetrics>;

export function proxyMetrics(registry: Registry, mode: Mode = 'iptables') {
  const registers = [registry];
  const syncBuckets = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);
  const duration = (name: string, help: string) =>
    new Histogram({ name: `kubeproxy_${name}_duration_seconds`, help, labelNames: ['ip_family'], buckets: syncBuckets, registers });
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `kubeproxy_${name}`, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Counter({ name: `kubeproxy_${name}`, help, labelNames, registers });
  return {
    sync: duration('sync_proxy_rules', 'Time one synchronisation of rules took'),
    fullSync: duration('sync_full_proxy_rules', 'Time a synchronisation that compared all rules took'),
    partialSync: duration('sync_partial_proxy_rules', 'Time a synchronisation of changed services took'),
    lastSync: gauge('sync_proxy_rules_last_timestamp_seconds', 'When rules were last synchronised', ['ip_family']),
    lastQueued: gauge('sync_proxy_rules_last_queued_timestamp_seconds', 'When a synchronisation was last asked for', ['ip_family']),
    endpointChangesPending: gauge('sync_proxy_rules_endpoint_changes_pending', 'EndpointSlice changes not yet in the rules'),
    endpointChanges: counter('sync_proxy_rules_endpoint_changes_total', 'EndpointSlice changes seen'),
    serviceChangesPending: gauge('sync_proxy_rules_service_changes_pending', 'Service changes not yet in the rules'),
    serviceChanges: counter('sync_proxy_rules_service_changes_total', 'Service changes seen'),
    syncFailures: counter(`sync_proxy_rules_${failuresOf(mode)}_failures_total`, 'Changes of rules that were refused', ['ip_family']),
    noLocalEndpoints: gauge(
      'sync_proxy_rules_no_local_endpoints_total',
      'Service ports whose policy is Local and that have no endpoint here',
      ['ip_family', 'traffic_policy'],
    ),
    networkProgramming: new Histogram({
      name: 'kubeproxy_network_programming_duration_seconds',
      help: 'Time from the change of a Service or its pods to the rules that follow from it',
      labelNames: ['ip_family'],
      buckets: [
        0.25, 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 105, 150, 195, 240, 285, 330, 375, 420, 465, 510,
        555, 600,
      ],
      registers,
    }),
  };
}

function failuresOf(mode: Mode): string {
  return mode === 'nftables' ? 'nftables_sync' : 'iptables_restore';
}

/** Counts what can fail in nftables mode besides synchronisation. */
export function cleanupFailures(registry: Registry): Counter {
  const failures = new Counter({
    name: 'kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total',
    help: 'Times that unused chains could not be deleted',
    labelNames: ['ip_family'],
    registers: [registry],
  });
  return failures;
}
