import { errorMessage } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { goJson } from '@keelson/machinery';
import { applied, lastAppliedAnnotation, planApply, withLastApplied } from '../apply/plan.ts';
import { prune, pruneFlags } from '../apply/prune.ts';
import { schemaOf } from '../apply/schema.ts';
import { applyOnServer, type Manifest, managerOf } from '../apply/server-side.ts';
import { applySetFlag } from '../applyset/flags.ts';
import type { ApplySet } from '../applyset/set.ts';
import { throwAll, withSource } from '../errors.ts';
import { logLine } from '../log.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { asNew } from '../resource/as-new.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { readDocuments } from '../resource/files.ts';
import { fileFlags, targetOf, untilGone } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { deletionOf, readApplyFlags } from './apply-flags.ts';
import { subverbs } from './last-applied.ts';
import { recorded, recordFlag } from './record.ts';
import { fieldValidationOf, validateFlag } from './write-flags.ts';

const applyFlags = {
  ...fileFlags,
  ...outputFlags,
  ...dryRunFlag,
  ...validateFlag,
  ...pruneFlags,
  ...applySetFlag,
  ...recordFlag,
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

/** Of pruning without `--prune-allowlist`, whether or not a namespace is named. */
const deprecated =
  'Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.';

export const verb = defineVerb({
  usage: 'apply (-f FILENAME | -k DIRECTORY) [options]',
  description:
    'The resource name must be specified. It is created if it does not exist yet. JSON and YAML formats are accepted.\n\n Alpha Disclaimer: the --prune functionality is not yet complete. Do not use unless you are aware of what the current state is. See https://issues.k8s.io/34274.',
  examples: [
    '# Apply the configuration in pod.yaml to a pod',
    'kubectl apply -f ./pod.yaml',
    '# Note: --prune is still in Alpha',
    '# Apply what is in manifest.yaml and labelled app=nginx, and delete what else was applied with that label',
    'kubectl apply --prune -f manifest.yaml -l app=nginx',
  ],
  flags: applyFlags,
  subverbs,
  async run(context) {
    const { flags, cluster } = context;
    const { dryRun, deletion, set } = await readApplyFlags(context);
    const whole = flags.output !== '' && flags.output !== 'name';
    const made: AnyObject[] = [];
    const say = resultPrinter(context);
    const print: Print = (object, operation) => {
      set?.visit(object);
      whole ? made.push(object) : say(object, operation);
    };
    const { targets, errors } = await readTargets(context, set);
    if (targets.length === 0 && errors.length === 0) throw new Error('no objects passed to apply');
    await set?.begin(targets);
    for (const target of targets) await applyOne(context, target, print).catch((error: unknown) => errors.push(error));
    const [first] = made;
    if (first) say(made.length === 1 ? first : listOf(made), '');
    throwAll(errors);
    // Each stands alone, whatever the format.
    const sayPruned: Print = (object, operation) => resultPrinter(context)(object, operation);
    const { selector, 'prune-allowlist': allowlist } = flags;
    if (set) await set.end(sayPruned);
    else if (flags.prune) {
      if (allowlist.length === 0) logLine(context.shell, 'W', 'prune.go:71', deprecated);
      await prune(cluster, { applied: targets, dryRun, deletion, selector, allowlist }, sayPruned);
    }
  },
});

/** What is to be applied, as members of the set if there is one. What cannot be told is kept for later, so that the rest is applied. */
async function readTargets(context: ApplyContext, set: ApplySet | undefined): Promise<{ targets: FileTarget[]; errors: unknown[] }> {
  const { cluster, flags, shell } = context;
  const targets: FileTarget[] = [];
  const errors: unknown[] = [];
  for (const document of await readDocuments(flags, shell, errors)) {
    try {
      targets.push(await targetOf(cluster, document));
    } catch (error) {
      errors.push(error);
    }
  }
  try {
    const members = set ? set.members(targets) : targets;
    return { targets: members.map((target) => ({ ...target, local: recorded(context, target.local) })), errors };
  } catch (error) {
    return { targets: [], errors: [error] };
  }
}

function listOf(items: readonly AnyObject[]): AnyObject {
  return { apiVersion: 'v1', items, kind: 'List', metadata: {} };
}

async function applyOne(context: ApplyContext, target: FileTarget, print: Print): Promise<void> {
  const prefix = target.local.metadata.generateName;
  if (!target.name && prefix) throw new Error(`from ${prefix}: cannot use generate name with apply`);
  if (!target.name && context.flags['server-side']) throw new Error('resource name may not be empty');
  if (!target.name)
    throw withSource(
      new Error('resource name may not be empty'),
      `retrieving current configuration of:\n${placeOf(target)}\nfrom server for:`,
      target.source,
    );
  if (context.flags['server-side']) return serverSide(context, target, print);
  const { cluster, flags } = context;
  const dryRun = dryRunOf(flags['dry-run']);
  const current = await cluster.api.get(target.mapping, { name: target.name, namespace: target.namespace }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw withSource(error, `retrieving current configuration of:\n${placeOf(target)}\nfrom server for:`, target.source);
  });
  if (current) return update(context, target, current, print);
  const object = withLastApplied(target.local);
  const created = dryRun === 'client' ? object : await create(context, target, object);
  print(created, 'created');
}

async function serverSide(context: ApplyContext, target: FileTarget, print: Print): Promise<void> {
  const { cluster, flags, shell, changed } = context;
  const fieldManager = managerOf(flags['field-manager'], changed.has('field-manager'), true);
  const { subresource } = flags;
  const options = { ...writeOptions(context), fieldManager, force: flags['force-conflicts'], ...(subresource ? { subresource } : {}) };
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
    return await context.cluster.api.create(mapping, asNew(object), writeOptions(context));
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
    const plan = planApply(current, target.local, schema, context.flags.overwrite);
    if (!plan.changed) return print(current, 'unchanged');
    if (dryRun === 'client') return print(applied(current, plan, schema), 'configured');
    if (current.metadata.deletionTimestamp) {
      shell.stderr.write(`Warning: Detected changes to resource ${target.name} which is currently being deleted.\n`);
    }
    try {
      const { type, patch } = plan;
      const key = { name: target.name ?? '', namespace: target.namespace };
      return print(await context.cluster.api.patch(target.mapping, key, type, patch, writeOptions(context)), 'configured');
    } catch (error) {
      if (context.flags.force && dryRun === 'none' && error instanceof ApiError && ['Conflict', 'Invalid'].includes(error.reason))
        return recreate(context, target, current, print);
      const again = error instanceof ApiError && error.reason === 'Conflict' && attempt < conflictRetries;
      if (!again) throw patchError(error, target, plan.patch);
      current = await context.cluster.api.get(target.mapping, { name: target.name ?? '', namespace: target.namespace });
    }
  }
}

/** `--force`: the object is deleted and made anew; one that cannot be made has the old one in its place again. */
async function recreate(context: ApplyContext, target: FileTarget, old: AnyObject, print: Print): Promise<void> {
  const { cluster, shell } = context;
  const key = { name: target.name ?? '', namespace: target.namespace };
  await cluster.api.delete(target.mapping, key, { gracePeriodSeconds: 0, ...deletionOf(context.flags, 'none', shell) });
  await untilGone(cluster, shell, target, -1);
  const wanted = withLastApplied(target.local);
  try {
    print(await cluster.api.create(target.mapping, asNew(wanted), writeOptions(context)), 'configured');
  } catch (error) {
    await cluster.api.create(target.mapping, asNew(old), { fieldManager: context.flags['field-manager'] }).catch((failure: unknown) => {
      const first = `An error occurred force-replacing the existing object with the newly provided one:\n\n${errorMessage(error)}`;
      const second = `Additionally, an error occurred attempting to restore the original object:\n\n${errorMessage(failure)}`;
      throw applyError(new Error(`${first}.\n\n${second}`), target, wanted);
    });
    throw applyError(error, target, wanted);
  }
}

function patchError(error: unknown, target: FileTarget, patch: unknown): unknown {
  return applyError(withSource(error, 'patching', target.source), target, patch);
}

function applyError(error: unknown, target: FileTarget, patch: unknown): unknown {
  return withSource(error, `applying patch:\n${goJson(patch)}\nto:\n${placeOf(target)}\nfor:`, target.source);
}

/** Which object is meant, in full. */
function placeOf({ mapping, name, namespace }: FileTarget): string {
  const { group, version, resource, kind } = mapping;
  const place = `Name: ${JSON.stringify(name)}, Namespace: ${JSON.stringify(namespace ?? '')}`;
  return `Resource: "${group}/${version}, Resource=${resource}", GroupVersionKind: "${group}/${version}, Kind=${kind}"\n${place}`;
}
