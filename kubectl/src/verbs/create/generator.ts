import { ApiError } from '@keelson/client';
import { withOwnConfiguration } from '../../apply/plan.ts';
import type { FlagSpecs } from '../../flags.ts';
import { type GoOrder, goOrder } from '../../printers/go-order.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../../printers/result.ts';
import type { AnyObject, Context, Verb } from '../../types.ts';
import { defineVerb } from '../../types.ts';
import { recorded } from '../record.ts';
import { fieldValidationOf, validateFlag } from '../write-flags.ts';

export const generatorFlags = {
  ...outputFlags,
  ...dryRunFlag,
  ...validateFlag,
  'field-manager': { type: 'string', default: 'kubectl-create', help: 'Name of the manager used to track field ownership.' },
  'save-config': { type: 'bool', help: 'If true, the configuration of current object will be saved in its annotation.' },
} as const satisfies FlagSpecs;

const { validate: _validate, ...unvalidated } = generatorFlags;

/** The flags of what makes objects outside `create`. */
export const unvalidatedFlags = unvalidated;

/** A subverb of `create` that makes one object of its arguments and flags. */
export function generator<const F extends FlagSpecs>(
  usage: string,
  flags: F,
  make: (context: Context<F>) => AnyObject | Promise<AnyObject>,
): Verb {
  return defineVerb({
    usage: `create ${usage}${/^(?:cronjob|deployment|ingress|job) /.test(usage) ? '' : ' [--dry-run=server|client|none]'} [options]`,
    flags: { ...generatorFlags, ...flags },
    async run(context) {
      const made = await make(context as unknown as Context<F>);
      await createObject(context as unknown as Context<typeof generatorFlags>, made).catch((error: unknown) => {
        throw error instanceof ApiError ? failure(made, error) : error;
      });
    },
  });
}

/** What upstream's kubectl calls what it failed to create; roles and namespaces it says nothing of. */
const called: Readonly<Record<string, string>> = {
  ClusterRoleBinding: 'clusterrolebinding:',
  ConfigMap: 'configmap:',
  CronJob: 'cronjob:',
  Deployment: 'deployment:',
  Ingress: 'ingress:',
  Job: 'job:',
  PodDisruptionBudget: 'poddisruptionbudgets:',
  PriorityClass: 'priorityclass:',
  ResourceQuota: 'quota:',
  RoleBinding: 'rolebinding:',
  Secret: 'secret',
  ServiceAccount: 'serviceaccount:',
};

function failure({ kind = '', spec }: AnyObject, error: ApiError): Error {
  const service = kind === 'Service' ? `${(spec as { type?: string } | undefined)?.type ?? 'ClusterIP'} service:` : undefined;
  const what = service ?? called[kind];
  return what === undefined ? error : new Error(`failed to create ${what} ${error.message}`);
}

/**
 * Sends an object, or with `--dry-run=client` only prints it, and tells that it was created, or as `done` says. @param saves whether what
 * is only printed is printed with what `--save-config` adds.
 */
export async function createObject(
  context: Context<typeof unvalidatedFlags>,
  bare: AnyObject,
  done = 'created',
  saves = true,
): Promise<void> {
  const { flags, cluster } = context;
  const dryRun = dryRunOf(flags['dry-run']);
  const order = await goOrder();
  const print = resultPrinter(context, order);
  const made = recorded(context, bare);
  // Without a server to ask, namespaced objects are told by not being one of these.
  if (dryRun === 'client')
    return print(inNamespace(made, cluster.namespaceGiven ? cluster.namespace : undefined, saves && flags['save-config'], order), done);
  const mapping = (await cluster.mapper()).ofKind(made.apiVersion ?? '', made.kind ?? '');
  if (!mapping) throw new Error(`no matches for kind ${JSON.stringify(made.kind)} in version ${JSON.stringify(made.apiVersion)}`);
  const object = inNamespace(made, mapping.namespaced ? cluster.namespace : undefined, flags['save-config'], order);
  const options = {
    fieldManager: flags['field-manager'],
    fieldValidation: fieldValidationOf((flags as { readonly validate?: string }).validate ?? 'strict'),
    dryRun: dryRun === 'server',
  };
  print(await cluster.api.create(mapping, object, options), done);
}

const clusterScoped = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'PriorityClass', 'Node', 'PersistentVolume']);

function inNamespace(made: AnyObject, namespace: string | undefined, save: boolean, order: GoOrder): AnyObject {
  const placed =
    namespace === undefined || clusterScoped.has(made.kind ?? '') ? made : { ...made, metadata: { ...made.metadata, namespace } };
  return save ? withOwnConfiguration(placed, order) : placed;
}

/** The one name a generator takes. @throws Error in kubectl's words. */
export function nameOf({ args, path }: Pick<Context, 'args' | 'path'>): string {
  const [name] = args;
  if (name === undefined || args.length !== 1)
    throw new Error(`exactly one NAME is required, got ${args.length}\nSee '${path} -h' for help and examples`);
  return name;
}

/** The arguments, and the command that stands after `--`. */
export function commandOf({ args, dash }: Pick<Context, 'args' | 'dash'>): {
  readonly words: readonly string[];
  readonly command: readonly string[];
} {
  return dash === -1 ? { words: args, command: [] } : { words: args.slice(0, dash), command: args.slice(dash) };
}

/** @throws Error that names those of the flags that were not given. */
export function requireFlags({ changed }: Pick<Context, 'changed'>, ...names: readonly string[]): void {
  const missing = names.filter((name) => !changed.has(name)).map((name) => JSON.stringify(name));
  if (missing.length > 0) throw new Error(`required flag(s) ${missing.join(', ')} not set`);
}
