import { readJson } from '@keelson/client';
import { parseQuantity, quantityMilliValue, quantityValue } from '@keelson/machinery';
import { Node } from '@keelson/types';
import { ColumnWriter } from '../printers/tabwriter.ts';
import { selectorFlag } from '../resource/targets.ts';
import { type Context, defineVerb, type Verb, type VerbEntry } from '../types.ts';

const topFlags = {
  ...selectorFlag,
  'all-namespaces': { type: 'bool', short: 'A', help: 'If present, list the requested object(s) across all namespaces.' },
  containers: { type: 'bool', help: 'If present, print usage of containers within a pod.' },
  'no-headers': { type: 'bool', help: 'If present, print output without headers.' },
  'sort-by': { type: 'string', help: "If non-empty, sort pods list using specified field. The field can be either 'cpu' or 'memory'." },
} as const;

type TopContext = Context<typeof topFlags>;

interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

interface Metrics {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly usage?: Usage;
  readonly containers?: readonly { readonly name: string; readonly usage: Usage }[];
}

async function metrics({ cluster, flags }: TopContext, path: string): Promise<Metrics[]> {
  const { resources } = await cluster.mapper();
  if (!resources.some(({ group }) => group === 'metrics.k8s.io')) throw new Error('Metrics API not available');
  const query = flags.selector ? `?labelSelector=${encodeURIComponent(flags.selector)}` : '';
  const answer = (await readJson(await cluster.api.raw({ method: 'GET', path: `/apis/metrics.k8s.io/v1beta1${path}${query}` }))) as {
    items?: Metrics[];
  } & Metrics;
  return answer.items ?? [answer];
}

const cpuOf = ({ cpu }: Usage): number => quantityMilliValue(parseQuantity(cpu));
const memoryOf = ({ memory }: Usage): number => quantityValue(parseQuantity(memory));
const mebibytes = (bytes: number): string => `${Math.trunc(bytes / 2 ** 20)}Mi`;

interface Row {
  readonly cells: readonly string[];
  readonly cpu: number;
  readonly memory: number;
}

function print(
  { flags, shell }: TopContext,
  header: readonly string[],
  rows: readonly Row[],
  cells: (row: Row) => readonly string[],
): void {
  const by = flags['sort-by'];
  if (by !== '' && by !== 'cpu' && by !== 'memory') throw new Error('--sort-by accepts only cpu or memory');
  const order = (a: Row, b: Row): number =>
    by === '' ? (a.cells.join('/') < b.cells.join('/') ? -1 : 1) : b[by as 'cpu' | 'memory'] - a[by as 'cpu' | 'memory'];
  const lines = rows.toSorted(order).map(cells);
  shell.stdout.write(new ColumnWriter().write(flags['no-headers'] ? lines : [header, ...lines]));
}

const node: Verb = defineVerb({
  usage: 'top node [NAME | -l label] [options]',
  flags: topFlags,
  async run(context) {
    const [found, { items }] = await Promise.all([
      metrics(context, `/nodes${context.args[0] ? `/${context.args[0]}` : ''}`),
      context.cluster.api.list(Node),
    ]);
    const rows = found.map(({ metadata: { name }, usage = { cpu: '0', memory: '0' } }) => ({
      cells: [name],
      cpu: cpuOf(usage),
      memory: memoryOf(usage),
    }));
    print(context, ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'], rows, ({ cells, cpu, memory }) => {
      const whole = items.find(({ metadata }) => metadata.name === cells[0])?.status?.allocatable ?? {};
      const share = (amount: number, of: number): string => (of > 0 ? `${Math.trunc((amount * 100) / of)}%` : '<unknown>');
      return [
        ...cells,
        `${cpu}m`,
        share(cpu, cpuOf({ cpu: whole.cpu ?? '0', memory: '0' })),
        mebibytes(memory),
        share(memory, memoryOf({ cpu: '0', memory: whole.memory ?? '0' })),
      ];
    });
  },
});

const pod: Verb = defineVerb({
  usage: 'top pod [NAME | -l label] [options]',
  flags: topFlags,
  async run(context) {
    const { flags, cluster, args, shell } = context;
    const place = flags['all-namespaces'] ? '' : `/namespaces/${cluster.namespace}`;
    const found = await metrics(context, `${place}/pods${args[0] ? `/${args[0]}` : ''}`);
    if (found.length === 0)
      return void shell.stderr.write(
        flags['all-namespaces'] ? 'No resources found\n' : `No resources found in ${cluster.namespace} namespace.\n`,
      );
    const rows = found.flatMap(({ metadata, containers = [] }) => {
      const head = [...(flags['all-namespaces'] ? [metadata.namespace ?? ''] : []), metadata.name];
      const each = containers.map(({ name, usage }) => ({ cells: [...head, name], cpu: cpuOf(usage), memory: memoryOf(usage) }));
      if (flags.containers) return each;
      return [
        each.reduce((sum, { cpu, memory }) => ({ cells: head, cpu: sum.cpu + cpu, memory: sum.memory + memory }), {
          cells: head,
          cpu: 0,
          memory: 0,
        }),
      ];
    });
    const header = [
      ...(flags['all-namespaces'] ? ['NAMESPACE'] : []),
      ...(flags.containers ? ['POD', 'NAME'] : ['NAME']),
      'CPU(cores)',
      'MEMORY(bytes)',
    ];
    print(context, header, rows, ({ cells, cpu, memory }) => [...cells, `${cpu}m`, mebibytes(memory)]);
  },
});

const subverbs: readonly VerbEntry[] = [
  { name: 'node', aliases: ['nodes', 'no'], summary: 'Display resource (CPU/memory) usage of nodes', load: async () => node },
  { name: 'pod', aliases: ['pods', 'po'], summary: 'Display resource (CPU/memory) usage of pods', load: async () => pod },
];

export const verb: Verb = defineVerb({ usage: 'top (node | pod) [options]', flags: {}, subverbs });
