export { type Conntrack, kernelConntrack, noConntrack } from './conntrack.ts';
export { type HealthPorts, httpHealthPorts, noHealthPorts } from './health/service-health.ts';
export type { Rules } from './iptables/contract.ts';
export { cleanup } from './iptables/cleanup.ts';
export { kernelRules } from './iptables/kernel.ts';
export { memoryRules } from './iptables/memory.ts';
export { proxyMetrics } from './metrics.ts';
export { createProxy, type NodeProxy, type ProxyDeps } from './proxy.ts';
export { component } from './run.ts';
