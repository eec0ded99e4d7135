import { podName, podNamespace } from '../pod/naming.ts';
import { type ContainerUsage, type PodUsage, podCpu, podMemory, type UsageInput } from './usage-types.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds; a sample without one counts from when it is read. */
  readonly at?: number;
}

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The Prometheus text format, version 0.0.4. A family without samples is left out. */
function exposition(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, type, help, samples }) =>
    samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => name + sampleText(sample))],
  );
  return `${lines.join('\n')}\n`;
}

function sampleText({ labels = {}, value, at }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${quoted(text)}`);
  return `${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}${at === undefined ? '' : ` ${at}`}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

const seconds = (nanos: bigint): number => Number(nanos) / 1e9;

/** A container of a pod, for a row of its own. */
type Row = ContainerUsage & { readonly pod: PodUsage['pod'] };

function rowsOf(pods: readonly PodUsage[]): Row[] {
  return pods.flatMap(({ pod, containers }) => containers.map((each) => ({ ...each, pod })));
}

const podLabels = ({ pod }: Pick<PodUsage, 'pod'>) => ({ namespace: podNamespace(pod), pod: podName(pod) });

/** `/metrics/resource`: what metrics-server reads. No input: the numbers could not be had. */
export function resourceMetrics(input: UsageInput | undefined): string {
  return exposition([...(input ? resourceFamilies(input) : []), scrapeError(input === undefined)]);
}

function scrapeError(failed: boolean): Family {
  const help = '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise';
  return { name: 'resource_scrape_error', type: 'gauge', help, samples: [{ value: failed ? 1 : 0 }] };
}

function resourceFamilies({ node, pods, now }: UsageInput): Family[] {
  const rows = rowsOf(pods);
  const perContainer = (value: (row: Row) => number): Sample[] =>
    rows.map((row) => ({ labels: { container: row.name, ...podLabels(row) }, value: value(row), at: row.at }));
  const perPod = (value: (pod: PodUsage) => number): Sample[] =>
    pods.map((each) => ({ labels: podLabels(each), value: value(each), at: each.cgroup ? now : (each.containers[0]?.at ?? now) }));
  const counter = (name: string, of: string, samples: Sample[]): Family => ({
    name: `${name}_cpu_usage_seconds_total`,
    type: 'counter',
    help: `[STABLE] Cumulative cpu time consumed by the ${of} in core-seconds`,
    samples,
  });
  const gauge = (name: string, of: string, samples: Sample[]): Family => ({
    name: `${name}_memory_working_set_bytes`,
    type: 'gauge',
    help: `[STABLE] Current working set of the ${of} in bytes`,
    samples,
  });
  const started: Family = {
    name: 'container_start_time_seconds',
    type: 'gauge',
    help: '[STABLE] Start time of the container since unix epoch in seconds',
    samples: rows.map((row) => ({ labels: { container: row.name, ...podLabels(row) }, value: row.startedAt / 1000 })),
  };
  return [
    counter(
      'container',
      'container',
      perContainer((row) => seconds(row.cpuNanoSecondsTotal)),
    ),
    gauge(
      'container',
      'container',
      perContainer((row) => row.memoryWorkingSetBytes),
    ),
    started,
    counter('node', 'node', [{ value: seconds(node.cpuNanoSecondsTotal), at: now }]),
    gauge('node', 'node', [{ value: node.memoryWorkingSetBytes, at: now }]),
    counter(
      'pod',
      'pod',
      perPod((each) => seconds(podCpu(each))),
    ),
    gauge('pod', 'pod', perPod(podMemory)),
  ];
}

/** `/metrics/cadvisor`, of what cAdvisor tells: the CPU and memory of machine, pods and containers. */
export function cadvisorMetrics({ node, pods, now }: UsageInput): string {
  const whole = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' };
  const rows = rowsOf(pods).map((row) => ({
    labels: { container: row.name, id: `/${row.id}`, image: row.image, name: row.id, ...podLabels(row) },
    row,
  }));
  const counted = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
    const { container = '', ...rest } = labels;
    return { container, cpu: 'total', ...rest };
  };
  const gauge = (name: string, help: string, samples: Sample[]): Family => ({ name, type: 'gauge', help, samples });
  return exposition([
    {
      name: 'container_cpu_usage_seconds_total',
      type: 'counter',
      help: 'Cumulative cpu time consumed in seconds.',
      samples: [
        { labels: counted(whole), value: seconds(node.cpuNanoSecondsTotal), at: now },
        ...rows.map(({ labels, row }) => ({ labels: counted(labels), value: seconds(row.cpuNanoSecondsTotal), at: row.at })),
      ],
    },
    gauge('container_memory_working_set_bytes', 'Current working set in bytes.', [
      { labels: whole, value: node.memoryWorkingSetBytes, at: now },
      ...rows.map(({ labels, row }) => ({ labels, value: row.memoryWorkingSetBytes, at: row.at })),
    ]),
    gauge('container_start_time_seconds', 'Start time of the container since unix epoch in seconds.', [
      { labels: whole, value: node.startTime / 1000, at: now },
      ...rows.map(({ labels, row }) => ({ labels, value: row.startedAt / 1000, at: row.at })),
    ]),
    gauge('machine_cpu_cores', 'Number of logical CPU cores.', [{ value: node.cores, at: now }]),
    gauge('machine_memory_bytes', 'Amount of memory installed on the machine.', [{ value: node.memoryTotalBytes, at: now }]),
  ]);
}
