import { text } from 'node:stream/consumers';
import { compareStrings, isEnvVarName } from '@keelson/machinery';
import type { ConfigMap, Container, EnvVar, PodSpec } from '@keelson/types';
import type { Cluster } from '../../cluster.ts';
import { UsageError } from '../../errors.ts';
import { namesFiles } from '../../resource/files.ts';
import { eachFound, type Found, fetchOne, selectionOf } from '../../resource/targets.ts';
import { type AnyObject, type Context, defineVerb, type Shell, type Verb } from '../../types.ts';
import { changePodSpecs, containersNamed, type SetContext, setFlags } from './change.ts';
import { heldValue, sourceText } from './env-sources.ts';
import { readPair, splitPairs } from './pairs.ts';

const envFlags = {
  ...setFlags,
  containers: {
    type: 'string',
    short: 'c',
    default: '*',
    help: 'The names of containers in the selected pod templates to change - may use wildcards',
  },
  env: { type: 'array', short: 'e', help: 'Specify a key-value pair for an environment variable to set into each container.' },
  from: { type: 'string', help: 'The name of a resource from which to inject environment variables' },
  keys: { type: 'list', help: 'Comma-separated list of keys to import from specified resource' },
  list: { type: 'bool', help: 'If true, display the environment and any changes in the standard format.' },
  overwrite: {
    type: 'bool',
    default: true,
    help: 'If true, allow environment to be overwritten, otherwise reject updates that overwrite existing environment.',
  },
  prefix: { type: 'string', help: 'Prefix to append to variable names' },
  resolve: { type: 'bool', help: 'If true, show secret or configmap references when listing variables' },
} as const;

type EnvContext = Context<typeof envFlags>;

export const env: Verb = defineVerb({
  usage: 'set env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]',
  flags: envFlags,
  async run(context) {
    const { flags, cluster, shell } = context;
    const { resources, pairs } = splitPairs(context.args, 'environment');
    const changes = (await Promise.all([...flags.env, ...pairs].map((each) => (each === '-' ? read(shell) : [each])))).flat();
    if (resources.length === 0 && !namesFiles(flags))
      throw new Error('one or more resources must be specified as <resource> <name> or <resource>/<name>');
    if (changes.length === 0 && flags.from === '' && !flags.list)
      return void (await eachFound(cluster, shell, { ...selectionOf(context), args: resources }, async () => undefined));
    if (flags.list && context.changed.has('output')) throw new UsageError('--list and --output may not be specified together', 'none');
    checkNames(changes);
    const imported = flags.from === '' ? [] : await importedFrom(context);
    const done = flags.list ? '' : 'env updated';
    const change = async (spec: PodSpec, { name, mapping }: Found): Promise<void> => {
      const chosen = containersNamed(spec, flags.containers);
      if (chosen.length === 0)
        shell.stderr.write(`Warning: ${mapping.kind}/${name} does not have any containers matching ${JSON.stringify(flags.containers)}\n`);
      for (const container of chosen) {
        const changed = flags.list ? { ...container } : container;
        const kept = flags.overwrite ? undefined : `${mapping.resource}/${name}`;
        for (const variable of imported) put(changed, variable, kept);
        for (const each of changes) applyChange(changed, each, kept);
        if (!flags.list) continue;
        shell.stdout.write(`# ${mapping.kind} ${name}, container ${container.name}\n`);
        await list(cluster, shell, changed.env ?? [], flags.resolve);
      }
    };
    const trouble = 'failed to patch env update to pod template:';
    await changePodSpecs(context as unknown as SetContext, resources, done, change, { trouble });
  },
});

/** The variables on standard input, one a line; a `#` begins a comment. */
async function read({ stdin }: Shell): Promise<string[]> {
  const lines = (await text(stdin)).split('\n').map((line) => line.replace(/#.*/, ''));
  return lines.filter((line) => line.includes('='));
}

/** @throws Error in kubectl's words for names that no variable can have. */
function checkNames(changes: readonly string[]): void {
  for (const change of changes) {
    const at = change.indexOf('=');
    const name = at === -1 ? change : change.slice(0, at);
    const problems = at === -1 ? [] : isEnvVarName(name);
    if (problems.length > 0) throw new Error(`${JSON.stringify(name)} is not a valid key name: ${problems.join(',')}`);
    if (at !== -1 && changes.includes(`${name}-`))
      throw new Error('can not both modify and remove the same environment variable in the same command');
  }
}

/** `A=b` sets, `A-` removes. */
function applyChange(container: Container, change: string, kept: string | undefined): void {
  if (change.includes('=')) {
    const [name, value] = readPair(change);
    put(container, { name, value }, kept);
    return;
  }
  container.env = (container.env ?? []).filter(({ name }) => name !== change.slice(0, -1));
}

/** @param kept the object whose variables are not to become others; undefined where they may. */
function put(container: Container, variable: EnvVar, kept: string | undefined): void {
  const present = container.env?.find(({ name }) => name === variable.name);
  if (present && kept && present.value !== variable.value)
    throw new Error(`${kept} '${variable.name}' already has a value (${present.value ?? ''}), and --overwrite is false`);
  container.env = present
    ? (container.env ?? []).map((each) => (each === present ? variable : each))
    : [...(container.env ?? []), variable];
}

/** The variables that refer to the keys of a ConfigMap or a Secret. @throws Error in kubectl's words for any other kind. */
async function importedFrom({ flags, cluster, shell }: EnvContext): Promise<EnvVar[]> {
  const [type = '', name = ''] = flags.from.split('/');
  const { object } = await fetchOne(cluster, [`${type}/${name}`]);
  if (object.kind !== 'ConfigMap' && object.kind !== 'Secret') throw new Error(`unsupported resource specified in --from`);
  const { kind, data = {} } = object as AnyObject & Pick<ConfigMap, 'data'>;
  const wanted = Object.keys(data).filter((each) => flags.keys.length === 0 || flags.keys.includes(each));
  const reference = kind === 'ConfigMap' ? ('configMapKeyRef' as const) : ('secretKeyRef' as const);
  return wanted.sort(compareStrings).map((each) => ({
    name: `${flags.prefix}${variableName(each, shell)}`,
    valueFrom: { [reference]: { name, key: each } },
  }));
}

function variableName(key: string, { stderr }: Shell): string {
  const name = key.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
  if (name !== key) stderr.write(`Warning: key ${key} transferred to ${name}\n`);
  return name;
}

async function list(cluster: Cluster, { stdout }: Shell, variables: readonly EnvVar[], resolve: boolean): Promise<void> {
  for (const { name, value = '', valueFrom } of variables) {
    const found = valueFrom && resolve ? await heldValue(cluster, valueFrom) : undefined;
    if (!valueFrom || found !== undefined) stdout.write(`${name}=${found ?? value}\n`);
    else stdout.write(`# ${name} from ${sourceText(valueFrom)}\n`);
  }
}
