import { sleep } from '@keelson/base';
import { parseJsonPath, relaxedJsonPath } from '@keelson/machinery';
import { throwAll } from '../errors.ts';
import { outputFlags, resultPrinter } from '../printers/result.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { fetchTargets, localFlag, requireNames, resolveTargets, selectionFlags, selectionOf, type Target } from '../resource/targets.ts';
import { untilState } from '../resource/watch.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';

const { kustomize: _kustomize, ...selectingFlags } = selectionFlags;

const waitFlags = {
  ...selectingFlags,
  ...localFlag,
  recursive: { ...selectionFlags.recursive, default: true },
  ...outputFlags,
  all: { type: 'bool', help: 'Select all resources in the namespace of the specified resource types' },
  for: {
    type: 'array',
    help: "The condition to wait on; of several all, one after another, 'create' first: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]].",
  },
  timeout: {
    type: 'duration',
    default: 30_000,
    help: "The length of time to wait before giving up. Zero means check once and don't wait, negative means wait for a week.",
  },
} as const;

/** Whether an object is as one waits for; `undefined` stands for one that is not there. */
export type Awaited = (object: AnyObject | undefined) => boolean;

export const verb = defineVerb({
  usage:
    "wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]",
  flags: waitFlags,
  async run(context) {
    const { flags, cluster, shell } = context;
    if (flags.for.length === 0) throw new Error('unrecognized condition: []');
    const stages = flags.for.map((text) => ({ condition: text.toLowerCase(), accepts: parseCondition(text) }));
    const selection = selectionOf(context);
    const errors: unknown[] = [];
    const targets = await resolveTargets(cluster, shell, selection, errors);
    requireNames(targets, selection);
    const print = resultPrinter(context);
    // All have the one time together: once it is over, upstream's kubectl looks at no further one.
    const end = shell.clock.now() + flags.timeout;
    const all = await named(context, targets, errors);
    // Whatever the order, nothing else is looked at before there is something; and of that alone nothing is said.
    const first = stages.some(isCreate) && stages.length > 1 ? [{ condition: 'create', accepts: exists, silent: true }] : [];
    for (const stage of [...first, ...stages.map((each) => ({ ...each, silent: false }))]) {
      for (const target of all)
        await oneIs(context, target, stage, end, stage.silent ? () => {} : print).catch((error) => errors.push(error));
      throwAll(errors);
    }
    if (all.length === 0 && stages[0]?.condition !== 'delete') throw new Error('no matching resources found');
  },
});

interface Stage {
  /** What is asked for, in small letters. */
  readonly condition: string;
  readonly accepts: Awaited;
}

const exists: Awaited = (object) => object !== undefined;
const isCreate = ({ condition }: Stage): boolean => condition === 'create';

/** Waits until one object is so, at most until `end`, and tells. @throws Error in kubectl's words. */
async function oneIs(
  { cluster, flags, shell }: Context<typeof waitFlags>,
  target: Target,
  stage: Stage,
  end: number,
  print: ReturnType<typeof resultPrinter>,
): Promise<void> {
  const timeout = flags.timeout > 0 ? Math.max(end - shell.clock.now(), 0) : flags.timeout;
  const { mapping, name = '' } = target;
  try {
    if (flags.timeout > 0 && timeout === 0) throw new Error('timed out waiting for the condition');
    const last = await untilState(cluster, target, { clock: shell.clock, signal: shell.signal, timeout }, stage.accepts);
    print(last ?? { apiVersion: mapping.apiVersion, kind: mapping.kind, metadata: { name } }, 'condition met');
  } catch (error) {
    const where = isCreate(stage) ? '' : ` ${mapping.resource}/${name}`;
    throw shell.signal.aborted ? error : failure(error, flags.timeout, where);
  }
}

/** What went wrong; an end of the time names the object, if there is one. */
function failure(error: unknown, timeout: number, where: string): unknown {
  const { message } = error as Error;
  if (where === '' || !message.startsWith('timed out')) return error;
  return new Error(`${timeout === 0 ? 'condition not met for' : `${message} on`}${where}`);
}

/** As often upstream's kubectl looks whether there is something now, in milliseconds. */
const lookAgain = 1000;

/** Targets by name. What is not there is an error, unless its coming or going is waited for. */
async function named(context: Context<typeof waitFlags>, targets: readonly Target[], errors: unknown[]): Promise<Target[]> {
  const { flags, shell, cluster } = context;
  const conditions = flags.for.map((text) => text.toLowerCase());
  const patient = conditions.includes('create');
  const known = targets.filter(({ name }) => patient && name !== undefined);
  const open = targets.filter((target) => !known.includes(target));
  const end = shell.clock.now() + flags.timeout;
  let { found, errors: missing } = await fetchTargets(cluster, open, selectionOf(context));
  while (patient && open.length > 0 && found.length === 0 && missing.length === 0) {
    if (shell.clock.now() >= end) throw new Error('timed out waiting for the condition');
    await sleep(shell.clock, Math.min(lookAgain, end - shell.clock.now()), shell.signal);
    ({ found, errors: missing } = await fetchTargets(cluster, open, selectionOf(context)));
  }
  errors.push(...missing.filter((error) => !(conditions[0] === 'delete' && isNotFound(error))));
  return [...known, ...found.map(({ mapping, namespace, name }) => ({ mapping, namespace, name }))];
}

/** Reads a `--for`. @throws Error in kubectl's words. */
export function parseCondition(text: string): Awaited {
  if (text.toLowerCase() === 'delete') return (object) => object === undefined;
  if (text.toLowerCase() === 'create') return exists;
  const [, kind, rest = ''] = /^(condition|jsonpath)=([\s\S]*)$/.exec(text) ?? [];
  if (kind === 'condition') return conditionIs(rest);
  if (kind === 'jsonpath') return pathIs(rest);
  throw new Error(`unrecognized condition: ${JSON.stringify(text)}`);
}

interface Conditioned {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly observedGeneration?: number }[];
    readonly observedGeneration?: number;
  };
}

function conditionIs(text: string): Awaited {
  const [name = '', value = 'true'] = text.split('=');
  return (object) => {
    const { status } = (object ?? {}) as Conditioned;
    const condition = status?.conditions?.find(({ type }) => type.toLowerCase() === name.toLowerCase());
    if (!condition) return false;
    const observed = condition.observedGeneration ?? status?.observedGeneration;
    if (observed !== undefined && observed < (object?.metadata.generation ?? 0)) return false;
    return condition.status.toLowerCase() === value.toLowerCase();
  };
}

/** `{.status.phase}=Running`, or a path alone, which waits for anything to be there. */
function pathIs(text: string): Awaited {
  const [, path = '', value] = /^('?\{[\s\S]*\}'?|[^=]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
  const bare = path.replaceAll("'", '');
  if (bare === '' || value?.includes('='))
    throw new Error("jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'");
  const parsed = parseJsonPath(relaxedJsonPath(bare));
  const wanted = value?.replaceAll(/^['"]+|['"]+$/g, '');
  if (wanted === '') throw new Error("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
  return (object) => {
    const found = object ? parsed.find(object, { allowMissingKeys: true }).flat() : [];
    if (found.length === 0) return false;
    if (wanted === undefined) return true;
    if (found.length > 1) throw new Error('given jsonpath expression matches more than one value');
    if (typeof found[0] === 'object' && found[0] !== null)
      throw new Error('jsonpath leads to a nested object or list which is not supported');
    return String(found[0]) === wanted;
  };
}
