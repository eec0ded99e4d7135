import { parseQuantity } from '@keelson/machinery';
import { type Context, defineVerb, type Verb } from '../../types.ts';
import { changePodSpecs, containersNamed, nothingToSet, type SetContext, workloadFlags } from './change.ts';

const resourcesFlags = {
  ...workloadFlags,
  containers: {
    type: 'string',
    short: 'c',
    default: '*',
    help: 'The names of containers in the selected pod templates to change, all containers are selected by default - may use wildcards',
  },
  limits: { type: 'string', help: "The resource requirement requests for this container. For example, 'cpu=100m,memory=256Mi'." },
  requests: { type: 'string', help: "The resource requirement requests for this container. For example, 'cpu=100m,memory=256Mi'." },
} as const;

export const resources: Verb = defineVerb({
  usage: 'set resources (-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS] [options]',
  flags: resourcesFlags,
  async run(context) {
    const { flags, args }: Context<typeof resourcesFlags> = context;
    if (flags.limits === '' && flags.requests === '')
      return nothingToSet(
        context as unknown as SetContext,
        args,
        'you must specify an update to requests or limits (in the form of --requests/--limits)',
      );
    const wanted = { limits: quantitiesOf(flags.limits), requests: quantitiesOf(flags.requests) };
    await changePodSpecs(
      context as unknown as SetContext,
      args,
      'resource requirements updated',
      (spec) => {
        const chosen = containersNamed(spec, flags.containers);
        if (chosen.length === 0) throw new Error(`unable to find container named ${flags.containers}`);
        for (const container of chosen) {
          const { limits, requests, ...rest } = container.resources ?? {};
          container.resources = { ...rest, ...merged('limits', limits, wanted.limits), ...merged('requests', requests, wanted.requests) };
        }
      },
      { trouble: 'failed to patch resources update to pod template' },
    );
  },
});

type Quantities = Readonly<Record<string, string>>;

function merged(name: 'limits' | 'requests', old: Quantities | undefined, added: Quantities): Readonly<Record<string, Quantities>> {
  const all = { ...old, ...added };
  return Object.keys(all).length > 0 ? { [name]: all } : {};
}

/** Reads `cpu=100m,memory=1Gi`. @throws Error for what is no quantity. */
function quantitiesOf(text: string): Quantities {
  if (text === '') return {};
  const entries = text.split(',').map((pair) => {
    const [name = '', value, ...more] = pair.split('=');
    if (value === undefined || more.length > 0) throw new Error(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
    parseQuantity(value);
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}
