import { ApiError } from '@keelson/client';
import { goJson } from '@keelson/machinery';
import { lastAppliedAnnotation, planApply, withLastApplied } from '../apply/plan.ts';
import { prune, pruneFlags, requirePruneScope } from '../apply/prune.ts';
import { schemaOf } from '../apply/schema.ts';
import { applyOnServer, type Manifest, managerOf } from '../apply/server-side.ts';
import { throwAll, UsageError, withSource } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { namesFiles, readDocuments } from '../resource/files.ts';
import { fileFlags, isNotFound, type Target, targetOf, untilGone } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { subverbs } from './last-applied.ts';
import { fieldValidationOf, validateFlag } from './write-flags.ts';

const applyFlags = {
  ...fileFlags,
  ...outputFlags,
  ...dryRunFlag,
  ...validateFlag,
  ...pruneFlags,
  'field-manager': { type: 'string', default: 'kubectl-client-side-apply', help: 'Name of the manager used to track field ownership.' },
  cascade: {
    type: 'string',
    default: 'background',
    implied: 'background',
    help: 'Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents.',
  },
  'grace-period': {
    type: 'int',
    default: -1,
    help: 'Period of time in seconds given to the resource to terminate gracefully. Ignored if negative.',
  },
  'openapi-patch': { type: 'bool', default: true, help: 'If true, use openapi to calculate diff when the openapi presents.' },
  subresource: { type: 'string', help: 'If specified, apply will operate on the subresource of the requested object.' },
  timeout: { type: 'duration', help: 'The length of time to wait before giving up on a delete.' },
  force: {
    type: 'bool',
    help: 'If true, immediately remove resources from API and bypass graceful deletion, where a change needs the object made anew.',
  },
  'force-conflicts': { type: 'bool', help: 'If true, server-side apply will force the changes against conflicts.' },
  overwrite: {
    type: 'bool',
    default: true,
    help: 'Automatically resolve conflicts between the modified and live configuration by using values from the modified configuration',
  },
  selector: { type: 'string', short: 'l', help: 'Selector (label query) to filter on' },
  'server-side': { type: 'bool', help: 'If true, apply runs in the server instead of the client.' },
  wait: { type: 'bool', help: 'If true, wait for resources to be gone before returning.' },
} as const;

type ApplyContext = Context<typeof applyFlags>;
type FileTarget = Manifest;
type Print = (object: AnyObject, operation: string) => void;

const conflictRetries = 5;

export const verb = defineVerb({
  usage: 'apply (-f FILENAME | -k DIRECTORY) [options]',
  description: 'The resource name must be specified. It is created if it does not exist yet. JSON and YAML formats are accepted.',
  examples: ['# Apply the configuration in pod.yaml to a pod', 'kubectl apply -f ./pod.yaml'],
  flags: applyFlags,
  subverbs,
  async run(context) {
    const { args, flags, cluster, shell } = context;
    if (args.length > 0) throw new UsageError(`Unexpected args: [${args.join(' ')}]`, 'examples');
    if (!namesFiles(flags)) throw new Error('must specify one of -f and -k');
    const dryRun = dryRunOf(flags['dry-run']);
    if (flags['server-side'] && dryRun === 'client')
      throw new Error("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
    if (flags['force-conflicts'] && !flags['server-side']) throw new Error('--force-conflicts only works with --server-side');
    if (flags.subresource && !flags['server-side']) throw new Error('--subresource can only be specified for --server-side');
    if (flags.force && flags['server-side']) throw new Error('--force cannot be used with --server-side');
    fieldValidationOf(flags.validate);
    requirePruneScope(flags);
    const whole = flags.output !== '' && flags.output !== 'name';
    const made: AnyObject[] = [];
    const say = resultPrinter(context);
    const print: Print = (object, operation) => (whole ? void made.push(object) : say(object, operation));
    const applied: Target[] = [];
    const documents = await readDocuments(flags, shell);
    const errors: unknown[] = [];
    let seen = 0;
    for (const document of documents) {
      try {
        const target = await targetOf(cluster, document);
        seen++;
        await applyOne(context, target, print);
        applied.push(target);
      } catch (error) {
        errors.push(error);
      }
    }
    if (seen === 0 && errors.length === 0) throw new Error('no objects passed to apply');
    const [first] = made;
    if (first) say(made.length === 1 ? first : listOf(made), '');
    throwAll(errors);
    if (flags.prune) await prune(cluster, { applied, dryRun, selector: flags.selector, allowlist: flags['prune-allowlist'] }, say);
  },
});

function listOf(items: readonly AnyObject[]): AnyObject {
  return { apiVersion: 'v1', items, kind: 'List', metadata: {} };
}

async function applyOne(context: ApplyContext, target: FileTarget, print: Print): Promise<void> {
  const prefix = target.local.metadata.generateName;
  if (!target.name && prefix) throw new Error(`from ${prefix}: cannot use generate name with apply`);
  if (!target.name)
    throw new Error(
      `error when retrieving current configuration of:\nfrom server for: ${JSON.stringify(target.source)}: resource name may not be empty`,
    );
  if (context.flags['server-side']) return serverSide(context, target, print);
  const { cluster, flags } = context;
  const dryRun = dryRunOf(flags['dry-run']);
  const current = await cluster.api.get(target.mapping, { name: target.name, namespace: target.namespace }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw withSource(error, 'retrieving current configuration of', target.source);
  });
  if (current) return update(context, target, current, print);
  const object = withLastApplied(target.local);
  const created = dryRun === 'client' ? object : await create(context, target, object);
  print(created, 'created');
}

async function serverSide(context: ApplyContext, target: FileTarget, print: Print): Promise<void> {
  const { cluster, flags, shell, changed } = context;
  const fieldManager = managerOf(flags['field-manager'], changed.has('field-manager'), true);
  const options = { ...writeOptions(context), fieldManager, force: flags['force-conflicts'] };
  print(await applyOnServer(cluster.api, target, options, (text) => shell.stderr.write(`${text}\n`)), 'serverside-applied');
}

function writeOptions({ flags }: ApplyContext): { fieldManager: string; fieldValidation: 'Ignore' | 'Warn' | 'Strict'; dryRun: boolean } {
  return {
    fieldManager: flags['field-manager'],
    fieldValidation: fieldValidationOf(flags.validate),
    dryRun: dryRunOf(flags['dry-run']) === 'server',
  };
}

async function create(context: ApplyContext, { mapping, source }: FileTarget, object: AnyObject): Promise<AnyObject> {
  try {
    return await context.cluster.api.create(mapping, object, writeOptions(context));
  } catch (error) {
    throw withSource(error, 'creating', source);
  }
}

async function update(context: ApplyContext, target: FileTarget, live: AnyObject, print: Print): Promise<void> {
  const { shell } = context;
  const dryRun = dryRunOf(context.flags['dry-run']);
  if (!live.metadata.annotations?.[lastAppliedAnnotation] && dryRun !== 'client') {
    shell.stderr.write(
      `Warning: resource ${target.mapping.resource}/${target.name} is missing the ${lastAppliedAnnotation} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    );
  }
  const schema = await schemaOf(target.mapping.apiVersion, target.mapping.kind);
  let current = live;
  for (let attempt = 0; ; attempt++) {
    // Upstream's kubectl compares nothing where nothing is sent.
    if (dryRun === 'client') return print(current, 'configured');
    const plan = planApply(current, target.local, schema);
    if (!plan.changed) return print(current, 'unchanged');
    if (current.metadata.deletionTimestamp) {
      shell.stderr.write(`Warning: Detected changes to resource ${target.name} which is currently being deleted.\n`);
    }
    try {
      const { type, patch } = plan;
      const key = { name: target.name ?? '', namespace: target.namespace };
      return print(await context.cluster.api.patch(target.mapping, key, type, patch, writeOptions(context)), 'configured');
    } catch (error) {
      if (context.flags.force && error instanceof ApiError && ['Conflict', 'Invalid'].includes(error.reason))
        return recreate(context, target, print);
      const again = error instanceof ApiError && error.reason === 'Conflict' && attempt < conflictRetries;
      if (!again) throw patchError(error, target, plan.patch);
      current = await context.cluster.api.get(target.mapping, { name: target.name ?? '', namespace: target.namespace });
    }
  }
}

/** `--force`: the object is deleted and made anew. */
async function recreate(context: ApplyContext, target: FileTarget, print: Print): Promise<void> {
  const { cluster, shell } = context;
  await cluster.api.delete(target.mapping, { name: target.name ?? '', namespace: target.namespace }, { gracePeriodSeconds: 0 });
  await untilGone(cluster, shell, target, -1);
  print(await create(context, target, withLastApplied(target.local)), 'configured');
}

function patchError(error: unknown, { mapping, name, namespace, source }: FileTarget, patch: unknown): unknown {
  const { apiVersion, resource, kind } = mapping;
  const place = `Name: ${JSON.stringify(name)}, Namespace: ${JSON.stringify(namespace ?? '')}`;
  const what = `Resource: "${apiVersion}, Resource=${resource}", GroupVersionKind: "${apiVersion}, Kind=${kind}"\n${place}`;
  return withSource(withSource(error, 'patching', source), `applying patch:\n${goJson(patch)}\nto:\n${what}\nfor:`, source);
}
