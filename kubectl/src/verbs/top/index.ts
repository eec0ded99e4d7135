import { formatGoDuration } from '@keelson/base';
import { apiErrorFrom, readJson, readText } from '@keelson/client';
import { parseTime } from '@keelson/machinery';
import { type APIGroupList, Node, type Pod, Pod as PodKind } from '@keelson/types';
import { UsageError } from '../../errors.ts';
import { ColumnWriter } from '../../printers/tabwriter.ts';
import { selectorFlag } from '../../resource/targets.ts';
import { type Context, defineVerb, type Verb, type VerbEntry } from '../../types.ts';
import { type Cells, type Metrics, nodeRows, podRows } from './rows.ts';

const commonFlags = {
  ...selectorFlag,
  'no-headers': { type: 'bool', help: 'If present, print output without headers.' },
  'sort-by': { type: 'string', help: "If non-empty, sort the list using specified field. The field can be either 'cpu' or 'memory'." },
  'show-swap': { type: 'bool', help: 'Print the use of swap memory as well.' },
  'use-protocol-buffers': { type: 'bool', default: true, help: 'Accepted and ignored: metrics are read as JSON.' },
} as const;

const nodeFlags = {
  ...commonFlags,
  'show-capacity': { type: 'bool', help: 'Print node resources based on Capacity instead of Allocatable(default) of the nodes.' },
} as const;

const podFlags = {
  ...commonFlags,
  'all-namespaces': { type: 'bool', short: 'A', help: 'If present, list the requested object(s) across all namespaces.' },
  containers: { type: 'bool', help: 'If present, print usage of containers within a pod.' },
  'field-selector': { type: 'string', help: "Selector (field query) to filter on, supports '=', '==', and '!='." },
  sum: { type: 'bool', help: 'Print the sum of the resource usage' },
} as const;

type CommonContext = Context<typeof commonFlags>;

const group = 'metrics.k8s.io';
const unavailable = 'Metrics API not available';
const notYet = 'metrics not available yet';
/** A pod older than this, in milliseconds, should have been measured. */
const measuredWithin = 120_000;

function check({ args, flags }: CommonContext, what: 'node' | 'pod'): void {
  if (args.length > 1) throw new UsageError(`${what} [NAME | -l label]`, 'examples');
  const selector = what === 'node' ? '--selector' : 'selector';
  if (args[0] && flags.selector) throw new UsageError(`only one of NAME or ${selector} can be provided`, 'none');
  const by = flags['sort-by'];
  if (by !== '' && by !== 'cpu' && by !== 'memory') throw new Error('--sort-by accepts only cpu or memory');
}

/** @param place `/nodes`, `/pods`, `/namespaces/x/pods`, below the group. */
async function metricsAt({ cluster, args }: CommonContext, place: string, selection: Readonly<Record<string, string>>): Promise<Metrics[]> {
  const { groups } = (await readJson(await cluster.api.raw({ method: 'GET', path: '/apis' }))) as unknown as APIGroupList;
  const versions = groups?.find(({ name }) => name === group)?.versions ?? [];
  if (!versions.some(({ version }) => version === 'v1beta1')) throw new Error(unavailable);
  const query = new URLSearchParams(Object.entries(selection).filter(([, value]) => value !== '')).toString();
  const path = `/apis/${group}/v1beta1${place}${args[0] ? `/${args[0]}` : ''}${query ? `?${query}` : ''}`;
  const response = await cluster.api.raw({ method: 'GET', path });
  if (response.status >= 400) {
    const subject = `${place.split('/').at(-1)}.${group}${args[0] ? ` ${args[0]}` : ''}`;
    throw apiErrorFrom(response, await readText(response), { method: 'get', subject });
  }
  const answer = (await readJson(response)) as Metrics & { items?: Metrics[] };
  return answer.items ?? [answer];
}

/** Every cell is padded, the last too, as upstream's are. */
function tableOf(rows: readonly Cells[]): string {
  return new ColumnWriter().write(rows.map((row) => [...row, '']));
}

const node: Verb = defineVerb({
  usage: 'top node [NAME | -l label] [options]',
  flags: nodeFlags,
  async run(context: Context<typeof nodeFlags>) {
    check(context, 'node');
    const { flags, args, cluster, shell } = context;
    const [name] = args;
    const found = await metricsAt(context, '/nodes', { labelSelector: flags.selector });
    if (found.length === 0) throw new Error(notYet);
    const nodes = name ? [await cluster.api.get(Node, { name })] : (await cluster.api.list(Node, { labelSelector: flags.selector })).items;
    const whole = new Map(
      nodes.map(({ metadata, status }) => {
        const swap = status?.nodeInfo?.swap?.capacity;
        const amounts = flags['show-capacity'] ? status?.capacity : status?.allocatable;
        return [metadata.name ?? '', { ...amounts, ...(swap === undefined ? {} : { swap: String(swap) }) }];
      }),
    );
    shell.stdout.write(
      tableOf(nodeRows(found, whole, { sortBy: flags['sort-by'], headers: !flags['no-headers'], swap: flags['show-swap'] })),
    );
  },
});

const pod: Verb = defineVerb({
  usage: 'top pod [NAME | -l label] [options]',
  flags: podFlags,
  async run(context: Context<typeof podFlags>) {
    check(context, 'pod');
    const { flags, cluster, shell } = context;
    const selection = { labelSelector: flags.selector, fieldSelector: flags['field-selector'] };
    const everywhere = flags['all-namespaces'];
    const found = await metricsAt(context, everywhere ? '/pods' : `/namespaces/${cluster.namespace}/pods`, selection);
    if (found.length === 0) {
      await explainNothing(context);
      return void shell.stderr.write(everywhere ? 'No resources found\n' : `No resources found in ${cluster.namespace} namespace.\n`);
    }
    const rows = podRows(found, {
      sortBy: flags['sort-by'],
      headers: !flags['no-headers'],
      swap: flags['show-swap'],
      namespaces: everywhere,
      containers: flags.containers,
      sum: flags.sum,
    });
    shell.stdout.write(tableOf(rows));
  },
});

/** @throws Error when there are pods: they are new, or should have been measured. */
async function explainNothing({ cluster, flags, shell }: Context<typeof podFlags>): Promise<void> {
  const namespace = flags['all-namespaces'] ? undefined : cluster.namespace;
  const { items } = await cluster.api.list(PodKind, { namespace, labelSelector: flags.selector, fieldSelector: flags['field-selector'] });
  const old = items.map((one) => ({ one, age: ageOf(one, shell.clock.now()) })).find(({ age }) => age > measuredWithin);
  if (old) {
    const { namespace: where, name } = old.one.metadata;
    throw new Error(`Metrics not available for pod ${where}/${name}, age: ${formatGoDuration(old.age)}`);
  }
  if (items.length > 0) throw new Error(notYet);
}

function ageOf({ metadata }: Pod, now: number): number {
  return now - (parseTime(metadata.creationTimestamp) ?? now);
}

const subverbs: readonly VerbEntry[] = [
  { name: 'node', aliases: ['nodes', 'no'], summary: 'Display resource (CPU/memory) usage of nodes', load: async () => node },
  { name: 'pod', aliases: ['pods', 'po'], summary: 'Display resource (CPU/memory) usage of pods', load: async () => pod },
];

export const verb: Verb = defineVerb({ usage: 'top [flags] [options]', flags: {}, subverbs });
