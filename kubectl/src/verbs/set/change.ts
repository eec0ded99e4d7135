import { errorMessage } from '@keelson/base';
import type { Container, PodSpec, PodTemplateSpec } from '@keelson/types';
import { patchFor } from '../../apply/patch-for.ts';
import { goOrder } from '../../printers/go-order.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../../printers/result.ts';
import { eachFound, type Found, fileFlags, localFlag, selectionOf, selectorFlag } from '../../resource/targets.ts';
import type { AnyObject, Context } from '../../types.ts';
import { recorded, recordFlag } from '../record.ts';

/** What every `set` subverb takes. */
export const setFlags = {
  ...fileFlags,
  ...selectorFlag,
  ...outputFlags,
  ...dryRunFlag,
  ...localFlag,
  all: { type: 'bool', help: 'Select all resources, in the namespace of the specified resource types' },
  'field-manager': { type: 'string', default: 'kubectl-set', help: 'Name of the manager used to track field ownership.' },
} as const;

/** As `setFlags`, of the subverbs that change what workloads run. */
export const workloadFlags = { ...setFlags, ...recordFlag } as const;

export type SetContext = Context<typeof setFlags>;

/** What stands before the server's refusal, and whether an object that stays as it was is sent and told of too. */
interface Telling {
  readonly trouble?: string;
  readonly always?: boolean;
}

/**
 * Edits a copy of each object and sends what changed, told as `done`; what did not change is not sent. `resources` are the arguments
 * that name objects.
 */
export async function changeObjects(
  context: SetContext,
  resources: readonly string[],
  done: string,
  edit: (object: AnyObject, found: Found) => void | Promise<void>,
  { trouble = '', always = false }: Telling = {},
): Promise<void> {
  const { flags, cluster, shell } = context;
  const dryRun = dryRunOf(flags['dry-run']);
  const print = resultPrinter(context, await goOrder());
  await eachFound(cluster, shell, { ...selectionOf(context), args: resources }, async (found) => {
    const { mapping, name, namespace, object } = found;
    const changed = structuredClone(object);
    await edit(changed, found);
    const edited = recorded(context, changed);
    if (JSON.stringify(edited) === JSON.stringify(object) && !always) return;
    if (dryRun === 'client' || flags.local) return print(edited, done);
    const { type, patch } = await patchFor(object, edited);
    const options = { fieldManager: flags['field-manager'], dryRun: dryRun === 'server' };
    print(
      await cluster.api.patch(mapping, { name, namespace }, type, patch, options).catch((error: unknown) => {
        throw trouble === '' ? error : new Error(`${trouble} ${errorMessage(error)}`);
      }),
      done,
    );
  });
}

/** What is wrong with the objects named is told before `missing`, what they were to be given. */
export async function nothingToSet(
  { cluster, shell, ...context }: SetContext,
  resources: readonly string[],
  missing: string,
): Promise<never> {
  await eachFound(cluster, shell, { ...selectionOf({ ...context, args: resources }) }, async () => undefined);
  throw new Error(missing);
}

/** As `changeObjects`, of the pod specs in them. @throws Error for an object that has none. */
export function changePodSpecs(
  context: SetContext,
  resources: readonly string[],
  done: string,
  edit: (spec: PodSpec, found: Found) => void | Promise<void>,
  telling: Telling = {},
): Promise<void> {
  const editSpec = async (object: AnyObject, found: Found): Promise<void> => {
    const spec = podSpecOf(object);
    if (!spec)
      throw new Error(
        `${found.mapping.resource}/${found.name} the object is not a pod or does not have a pod template: *${found.mapping.version}.${found.mapping.kind}`,
      );
    await edit(spec, found);
  };
  return changeObjects(context, resources, done, editSpec, telling);
}

interface Templated {
  readonly template?: PodTemplateSpec;
  readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } };
}

function podSpecOf(object: AnyObject): PodSpec | undefined {
  const spec = object.spec as (PodSpec & Templated) | undefined;
  if (object.kind === 'Pod') return spec;
  return (spec?.template ?? spec?.jobTemplate?.spec?.template)?.spec;
}

/** The containers whose names `pattern` matches, where `*` stands for anything. */
export function containersNamed({ containers }: PodSpec, pattern: string): Container[] {
  const expression = new RegExp(`^${pattern.replaceAll(/[.+^$()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
  return containers.filter(({ name }) => expression.test(name));
}
