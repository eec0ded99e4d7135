import { formatQuantity, parseQuantity } from '@keelson/machinery';
import { HorizontalPodAutoscaler } from '@keelson/types';
import { dryRunOf } from '../printers/result.ts';
import { namesFiles } from '../resource/files.ts';
import { eachFound, type Found, fileFlags, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { createObject, requireFlags, unvalidatedFlags } from './create/generator.ts';
import { recordFlag } from './record.ts';

const autoscaleFlags = {
  ...fileFlags,
  ...recordFlag,
  ...unvalidatedFlags,
  cpu: {
    type: 'string',
    help: 'Target CPU utilization over all the pods. A percentage ("70%") is of what they request, a quantity ("500m") is the average amount. A number without a unit is in millicores.',
  },
  'cpu-percent': {
    type: 'int',
    hidden: true,
    default: -1,
    help: 'The target average CPU utilization in percent of requested CPU over all the pods. If negative, the server decides.',
  },
  'field-manager': { type: 'string', default: 'kubectl-autoscale', help: 'Name of the manager used to track field ownership.' },
  max: { type: 'int', default: -1, help: 'The upper limit for the number of pods that can be set by the autoscaler. Required.' },
  memory: {
    type: 'string',
    help: 'Target memory utilization over all the pods. A percentage ("60%") is of what they request, a quantity ("200Mi") is the average amount. A number without a unit is in mebibytes.',
  },
  min: {
    type: 'int',
    default: -1,
    help: 'The lower limit for the number of pods that can be set by the autoscaler. If negative, the server decides.',
  },
  name: { type: 'string', help: 'The name for the newly created object. If not specified, the name of the input resource will be used.' },
} as const;

export const verb = defineVerb({
  usage: 'autoscale (-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY] [options]',
  description:
    'Creates an autoscaler that chooses the number of pods of a deployment, replica set, stateful set or replication controller by what they use.',
  examples: [
    '# Auto scale a deployment "foo", with the number of pods between 2 and 10',
    'kubectl autoscale deployment foo --min=2 --max=10',
    '# Auto scale a replication controller "foo", with at most 5 pods, target CPU utilization at 80%',
    'kubectl autoscale rc foo --max=5 --cpu=80%',
  ],
  flags: autoscaleFlags,
  async run(context) {
    const { cluster, shell, changed, flags } = context;
    if (changed.has('cpu-percent'))
      shell.stderr.write(
        "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).\n",
      );
    requireFlags(context, 'max');
    checkBounds(flags);
    const metrics = metricsOf(flags);
    const count = await eachFound(cluster, shell, { ...selectionOf(context), local: namesFiles(flags) }, (found) =>
      autoscale(context, found, metrics),
    );
    if (count === 0) throw new Error('no objects passed to autoscale');
  },
});

function checkBounds({ max, min }: { readonly max: number; readonly min: number }): void {
  if (max < 1) throw new Error(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
  if (max < min) throw new Error(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`);
}

async function autoscale(context: Context<typeof autoscaleFlags>, found: Found, metrics: readonly object[]): Promise<void> {
  const { flags } = context;
  const { mapping, name } = found;
  if (!mapping.subresources.includes('scale')) {
    const resource = `${mapping.group}/${mapping.version}, Resource=${mapping.resource}`;
    throw new Error(`cannot autoscale a ${mapping.kind}: could not find scale subresource for ${resource} in discovery information`);
  }
  const made: AnyObject = {
    apiVersion: HorizontalPodAutoscaler.apiVersion,
    kind: HorizontalPodAutoscaler.kind,
    metadata: { name: flags.name || name },
    spec: {
      maxReplicas: flags.max,
      ...(metrics.length > 0 ? { metrics } : {}),
      ...(flags.min > 0 ? { minReplicas: flags.min } : {}),
      scaleTargetRef: { apiVersion: mapping.apiVersion, kind: mapping.kind, name },
    },
    status: { currentMetrics: null, desiredReplicas: 0 },
  };
  await createObject(context, made, dryRunOf(flags['dry-run']) === 'client' ? 'created' : 'autoscaled');
}

/** What each resource is wanted at. @throws Error for what is neither a percentage nor an amount. */
function metricsOf({ cpu, memory, 'cpu-percent': percent }: { cpu: string; memory: string; 'cpu-percent': number }): object[] {
  if (percent >= 0 && cpu !== '') throw new Error('--cpu-percent and --cpu are mutually exclusive');
  const wanted = { cpu: percent >= 0 ? `${percent}%` : cpu, memory };
  return [...metricOf('cpu', wanted.cpu, 'm'), ...metricOf('memory', wanted.memory, 'Mi')];
}

function metricOf(name: string, wanted: string, unit: string): object[] {
  if (wanted === '') return [];
  const share = /^(\d+)%$/.exec(wanted)?.[1];
  const target =
    share === undefined
      ? { averageValue: amountOf(name, /^\d+$/.test(wanted) ? wanted + unit : wanted), type: 'AverageValue' }
      : { averageUtilization: Number(share), type: 'Utilization' };
  return [{ resource: { name, target }, type: 'Resource' }];
}

function amountOf(name: string, text: string): string {
  try {
    return formatQuantity(parseQuantity(text));
  } catch (error) {
    throw new Error(`invalid value ${JSON.stringify(text)} for --${name}: ${(error as Error).message}`);
  }
}
