import type { Container, PodSpec, PodTemplateSpec } from '@keelson/types';
import { UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { eachFound, type Found, selectionFlags, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb, type Verb, type VerbEntry } from '../types.ts';

const setFlags = {
  ...selectionFlags,
  ...outputFlags,
  ...dryRunFlag,
  all: { type: 'bool', help: 'Select all resources, in the namespace of the specified resource types' },
  'field-manager': { type: 'string', default: 'kubectl-set', help: 'Name of the manager used to track field ownership.' },
} as const;

const image: Verb = defineVerb({
  usage: 'set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]',
  flags: setFlags,
  async run(context) {
    const { resources, pairs } = split(context.args);
    if (pairs.length === 0) throw new UsageError('at least one image update is required', 'examples');
    const images = new Map(pairs.map(readPair));
    await change(context, resources, 'image updated', ({ containers, initContainers }) => {
      for (const [name, wanted] of images) {
        if (name !== '*' && ![...containers, ...initContainers].some((each) => each.name === name))
          throw new Error(`unable to find container named ${JSON.stringify(name)}`);
        for (const each of [...containers, ...initContainers]) if (name === '*' || each.name === name) each.image = wanted;
      }
    });
  },
});

const env: Verb = defineVerb({
  usage: 'set env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]',
  flags: {
    ...setFlags,
    containers: {
      type: 'string',
      short: 'c',
      default: '*',
      help: 'The names of containers in the selected pod templates to change - may use wildcards',
    },
    list: { type: 'bool', help: 'If true, display the environment and any changes in the standard format.' },
  },
  async run(context) {
    const { flags, shell } = context;
    const { resources, pairs } = split(context.args);
    if (pairs.length === 0 && !flags.list) throw new UsageError('at least one environment variable must be provided', 'examples');
    const pattern = new RegExp(`^${flags.containers.replaceAll(/[.+^$()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
    await change(
      context as unknown as Context<typeof setFlags>,
      resources,
      flags.list ? '' : 'env updated',
      ({ containers }, { name, mapping }) => {
        for (const container of containers.filter((each) => pattern.test(each.name))) {
          for (const pair of pairs) setVariable(container, pair);
          if (!flags.list) continue;
          shell.stdout.write(`# ${mapping.kind} ${name}, container ${container.name}\n`);
          for (const variable of container.env ?? [])
            shell.stdout.write(variable.valueFrom ? `# ${variable.name} from elsewhere\n` : `${variable.name}=${variable.value ?? ''}\n`);
        }
      },
    );
  },
});

function setVariable(container: Container, pair: string): void {
  const rest = (name: string) => (container.env ?? []).filter((each) => each.name !== name);
  if (!pair.includes('=')) {
    container.env = rest(pair.slice(0, -1));
    return;
  }
  const [name, value] = readPair(pair);
  const present = container.env?.find((each) => each.name === name);
  if (present) container.env = (container.env ?? []).map((each) => (each === present ? { name, value } : each));
  else container.env = [...(container.env ?? []), { name, value }];
}

function split(args: readonly string[]): { resources: string[]; pairs: string[] } {
  const isPair = (arg: string): boolean => arg.includes('=') || /^[A-Za-z_]\w*-$/.test(arg);
  return { resources: args.filter((arg) => !isPair(arg)), pairs: args.filter(isPair) };
}

function readPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`invalid argument ${pair}, expected name=value`, 'examples');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

interface Containers {
  readonly containers: Container[];
  readonly initContainers: Container[];
}

/** Changes the containers of each object's pod spec and sends what changed. */
async function change(
  context: Context<typeof setFlags>,
  resources: readonly string[],
  done: string,
  edit: (spec: Containers, found: Found) => void,
): Promise<void> {
  const { flags, cluster, shell } = context;
  const dryRun = dryRunOf(flags['dry-run']);
  const print = resultPrinter(context);
  await eachFound(cluster, shell, { ...selectionOf(context), args: resources }, async (found) => {
    const { mapping, name, namespace, object } = found;
    const edited = structuredClone(object);
    const spec = podSpecOf(edited);
    if (!spec) throw new Error(`the object is not a pod or does not have a pod template: ${mapping.kind}`);
    edit({ containers: spec.containers, initContainers: spec.initContainers ?? [] }, found);
    if (done === '' || JSON.stringify(edited) === JSON.stringify(object)) return;
    if (dryRun === 'client') return print(edited, done);
    const containers = {
      containers: spec.containers.map(withNulls(podSpecOf(object)?.containers)),
      ...(spec.initContainers ? { initContainers: spec.initContainers } : {}),
    };
    const patch = mapping.kind === 'Pod' ? { spec: containers } : { spec: { template: { spec: containers } } };
    const options = { fieldManager: flags['field-manager'], dryRun: dryRun === 'server' };
    print(await cluster.api.patch(mapping, { name, namespace }, 'application/strategic-merge-patch+json', patch, options), done);
  });
}

/** A strategic merge keeps variables that are not named: those that went are named as deleted. */
function withNulls(before: readonly Container[] | undefined): (container: Container) => object {
  return (container) => {
    const old = before?.find(({ name }) => name === container.name)?.env ?? [];
    const gone = old
      .filter(({ name }) => !container.env?.some((each) => each.name === name))
      .map(({ name }) => ({ name, $patch: 'delete' }));
    return container.env || gone.length > 0 ? { ...container, env: [...(container.env ?? []), ...gone] } : container;
  };
}

function podSpecOf(object: AnyObject): PodSpec | undefined {
  const spec = object.spec as (PodSpec & { template?: PodTemplateSpec }) | undefined;
  return object.kind === 'Pod' ? spec : spec?.template?.spec;
}

const subverbs: readonly VerbEntry[] = [
  { name: 'env', summary: 'Update environment variables on a pod template', load: async () => env },
  { name: 'image', summary: 'Update the image of a pod template', load: async () => image },
];

export const verb: Verb = defineVerb({ usage: 'set SUBCOMMAND [options]', flags: {}, subverbs });
