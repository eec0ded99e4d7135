import type { Pod } from '@keelson/types';
import type { ContainerStats } from '../cri/types.ts';
import { podName, podNamespace, podUid } from '../pod/naming.ts';

/** What the node itself uses. */
export interface NodeUsage {
  readonly cpuNanoSecondsTotal: bigint;
  readonly memoryWorkingSetBytes: number;
  readonly startTime: number;
}

export interface UsageInput {
  readonly nodeName: string;
  readonly node: NodeUsage;
  readonly pods: readonly { readonly pod: Pod; readonly sandboxIds: ReadonlySet<string> }[];
  readonly stats: readonly ContainerStats[];
  /** Cores over the last moments, by container id. */
  readonly rates: ReadonlyMap<string, number>;
  readonly now: number;
}

/** `/stats/summary`, as far as the runtime gives numbers. */
export function statsSummary({ nodeName, node, pods, stats, rates, now }: UsageInput): object {
  const time = new Date(now).toISOString();
  const cpu = (total: bigint, cores: number) => ({ time, usageCoreNanoSeconds: Number(total), usageNanoCores: Math.round(cores * 1e9) });
  return {
    node: {
      nodeName,
      startTime: new Date(node.startTime).toISOString(),
      cpu: cpu(node.cpuNanoSecondsTotal, rates.get('') ?? 0),
      memory: { time, workingSetBytes: node.memoryWorkingSetBytes },
    },
    pods: pods.map(({ pod, sandboxIds }) => {
      const own = stats.filter((each) => sandboxIds.has(each.sandboxId));
      const cores = own.reduce((sum, each) => sum + (rates.get(each.id) ?? 0), 0);
      return {
        podRef: { name: podName(pod), namespace: podNamespace(pod), uid: podUid(pod) },
        startTime: pod.status?.startTime ?? pod.metadata?.creationTimestamp,
        containers: own.map((each) => ({
          name: each.name,
          startTime: time,
          cpu: cpu(each.cpuNanoSecondsTotal, rates.get(each.id) ?? 0),
          memory: { time, workingSetBytes: each.memoryWorkingSetBytes },
        })),
        cpu: cpu(
          own.reduce((sum, each) => sum + each.cpuNanoSecondsTotal, 0n),
          cores,
        ),
        memory: { time, workingSetBytes: own.reduce((sum, each) => sum + each.memoryWorkingSetBytes, 0) },
      };
    }),
  };
}

/** `/metrics/resource`: what metrics-server reads. Prometheus text format. */
export function resourceMetrics({ node, pods, stats, now }: UsageInput): string {
  const lines: string[] = [];
  const family = (name: string, type: string, help: string, samples: readonly string[]): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => `${name}${sample}`));
  };
  const seconds = (nanos: bigint): number => Number(nanos) / 1e9;
  const rows = pods.flatMap(({ pod, sandboxIds }) => stats.filter((each) => sandboxIds.has(each.sandboxId)).map((each) => ({ pod, each })));
  const labels = (pod: Pod, container?: string): string =>
    `{${container === undefined ? '' : `container="${container}",`}namespace="${podNamespace(pod)}",pod="${podName(pod)}"}`;
  const container = (value: (stats: ContainerStats) => number): string[] =>
    rows.map(({ pod, each }) => `${labels(pod, each.name)} ${value(each)} ${each.at}`);
  const perPod = (value: (stats: ContainerStats) => number): string[] =>
    pods.map(({ pod }) => `${labels(pod)} ${rows.filter((row) => row.pod === pod).reduce((sum, { each }) => sum + value(each), 0)} ${now}`);
  const cpu = (each: ContainerStats): number => seconds(each.cpuNanoSecondsTotal);
  const memory = (each: ContainerStats): number => each.memoryWorkingSetBytes;
  family('container_cpu_usage_seconds_total', 'counter', 'Core seconds a container used.', container(cpu));
  family('container_memory_working_set_bytes', 'gauge', 'Bytes a container works with.', container(memory));
  family('node_cpu_usage_seconds_total', 'counter', 'Core seconds the node used.', [` ${seconds(node.cpuNanoSecondsTotal)} ${now}`]);
  family('node_memory_working_set_bytes', 'gauge', 'Bytes the node works with.', [` ${node.memoryWorkingSetBytes} ${now}`]);
  family('pod_cpu_usage_seconds_total', 'counter', 'Core seconds a pod used.', perPod(cpu));
  family('pod_memory_working_set_bytes', 'gauge', 'Bytes a pod works with.', perPod(memory));
  family('resource_scrape_error', 'gauge', '1 when the numbers could not be had.', [' 0']);
  return `${lines.join('\n')}\n`;
}
