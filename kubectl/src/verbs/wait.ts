import { sleep } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { notFound, parseJsonPath, relaxedJsonPath } from '@keelson/machinery';
import { errorsOf, throwAll } from '../errors.ts';
import { outputFlags, resultPrinter } from '../printers/result.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { eachFound, type Found, localFlag, selectionFlags, selectionOf } from '../resource/targets.ts';
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

/** Milliseconds upstream's kubectl waits for when the time is negative: a week. */
const week = 7 * 24 * 3600 * 1000;

export const verb = defineVerb({
  usage:
    "wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]",
  flags: waitFlags,
  async run(context) {
    const { flags, cluster, shell } = context;
    if (flags.for.length === 0) throw new Error('unrecognized condition: []');
    const print = resultPrinter(context);
    const stages = flags.for.map(parseCondition);
    // All have the one time together: once it is over, upstream's kubectl looks at no further one.
    const end = shell.clock.now() + (flags.timeout < 0 ? week : flags.timeout);
    if (stages.includes('create')) await untilThere(context, end);
    const leaves = stages.includes('delete');
    const reachAll = async (found: Found): Promise<void> => {
      for (const stage of stages) print(await reached(context, found, stage, end), 'condition met');
    };
    const count = await eachFound(cluster, shell, selectionOf(context), reachAll).catch((error: unknown) => {
      throwAll(errorsOf(error).filter((each) => !(leaves && isNotFound(each))));
      return 0;
    });
    if (count === 0 && !leaves) throw new Error('no matching resources found');
  },
});

/** What is waited for: that an object is there, that it is gone, or that it is so. */
type Stage = 'create' | 'delete' | ((object: AnyObject) => boolean);

/** As often upstream's kubectl looks whether there is something now, in milliseconds. */
const lookAgain = 500;

/** Resolves once all that is selected is there. As upstream's, it has patience with one missing argument, and none with files. */
async function untilThere(context: Context<typeof waitFlags>, end: number): Promise<void> {
  const { cluster, flags, shell } = context;
  const isPatient = (error: unknown): boolean => isNotFound(error) && flags.filename.length === 0;
  for (;;) {
    const count = await eachFound(cluster, shell, selectionOf(context), async () => {}).catch((error: unknown) => {
      if (!isPatient(error)) throw error;
      return 0;
    });
    if (count > 0) return;
    const left = end - shell.clock.now();
    if (left <= 0) throw new Error(outOfTime);
    await sleep(shell.clock, Math.min(lookAgain, left), shell.signal);
  }
}

const outOfTime = 'timed out waiting for the condition';

/** Waits until an object is so, at most until `end`, and resolves to what is to be told of. @throws Error in kubectl's words. */
async function reached(context: Context<typeof waitFlags>, found: Found, stage: Stage, end: number): Promise<AnyObject> {
  const { cluster, flags, shell } = context;
  if (stage === 'create') return found.object;
  const { mapping, namespace, name } = found;
  const present = () => cluster.api.get<AnyObject>(mapping, { name, namespace });
  const left = end - shell.clock.now();
  if (flags.timeout !== 0 && left <= 0)
    throw new Error(stage === 'delete' ? 'client rate limiter Wait returned an error: context deadline exceeded' : late(found));
  if (stage === 'delete') {
    const last = await present().catch(unlessMissing);
    if (!last) return found.object;
    if (flags.timeout === 0) throw new Error(`condition not met for ${placeOf(found)}`);
    await until(context, found, left, (object) => object === undefined);
    return last;
  }
  if (flags.timeout !== 0) return (await until(context, found, left, fromTheFirst(found, stage))) as AnyObject;
  const object = await present();
  if (!stage(object)) throw new Error(`condition not met for ${placeOf(found)}`);
  return object;
}

const placeOf = ({ mapping, name }: Found): string => `${mapping.resource}/${name}`;
const late = (found: Found): string => `${outOfTime} on ${placeOf(found)}`;

function unlessMissing(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

/** An object must be there when one begins to wait; if it goes later, another may come in its place. */
function fromTheFirst({ mapping: { group, resource }, name }: Found, accepts: (object: AnyObject) => boolean): Awaited {
  let seen = false;
  return (object) => {
    if (!object && !seen) throw new ApiError(notFound({ group, resource }, name).status, 404);
    seen = true;
    return object !== undefined && accepts(object);
  };
}

/** Whether an object is as one waits for; `undefined` stands for one that is not there. */
type Awaited = (object: AnyObject | undefined) => boolean;

async function until({ cluster, shell }: Context<typeof waitFlags>, found: Found, timeout: number, accepts: Awaited) {
  const { clock, signal } = shell;
  return untilState(cluster, found, { clock, signal, timeout }, accepts).catch((error: unknown) => {
    throw !signal.aborted && (error as Error).message === outOfTime ? new Error(late(found)) : error;
  });
}

/** Reads a `--for`. @throws Error in kubectl's words. */
export function parseCondition(text: string): Stage {
  const word = text.toLowerCase();
  if (word === 'create' || word === 'delete') return word;
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

function conditionIs(text: string): (object: AnyObject) => boolean {
  const [, name = '', value = 'true'] = /^([^=]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
  return (object) => {
    const { status } = object as Conditioned;
    const condition = status?.conditions?.find(({ type }) => type.toLowerCase() === name.toLowerCase());
    if (!condition) return false;
    const observed = condition.observedGeneration ?? status?.observedGeneration;
    if (observed !== undefined && observed < (object.metadata.generation ?? 0)) return false;
    return condition.status.toLowerCase() === value.toLowerCase();
  };
}

/** `{.status.phase}=Running`, or a path alone, which waits for anything to be there. Two signs of equality in a row are of the path. */
function pathIs(text: string): (object: AnyObject) => boolean {
  const [path = '', value, ...more] = text
    .replaceAll('==', '\0')
    .split('=')
    .map((part) => part.replaceAll('\0', '=='));
  if (more.length > 0)
    throw new Error("jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'");
  const relaxed = relaxedJsonPath(path);
  const wanted = value?.replaceAll(/^['"]+|['"]+$/g, '');
  if (wanted === '') throw new Error("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
  if (relaxed === '') throw new Error('jsonpath expression cannot be empty');
  const parsed = parseJsonPath(relaxed);
  return (object) => {
    const found = parsed.find(object, { allowMissingKeys: true }).flat();
    if (found.length === 0) return false;
    if (wanted === undefined) return true;
    if (found.length > 1) throw new Error('given jsonpath expression matches more than one value');
    if (typeof found[0] === 'object' && found[0] !== null)
      throw new Error('jsonpath leads to a nested object or list which is not supported');
    return String(found[0]) === wanted;
  };
}
