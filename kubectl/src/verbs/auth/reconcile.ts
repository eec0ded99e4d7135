import { ClusterRole, ClusterRoleBinding, Namespace, type PolicyRule, Role, RoleBinding, type Subject } from '@keelson/types';
import type { Cluster } from '../../cluster.ts';
import { throwAll, UsageError } from '../../errors.ts';
import { goOrder } from '../../printers/go-order.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../../printers/result.ts';
import { isNotFound } from '../../resource/cannot-find.ts';
import { namesFiles, readDocuments } from '../../resource/files.ts';
import { fileFlags, targetOf } from '../../resource/targets.ts';
import { type AnyObject, defineVerb, type Verb } from '../../types.ts';
import { reconcile as plan, type Reconciled, type Removals } from './plan.ts';

const reconcileFlags = {
  ...fileFlags,
  ...outputFlags,
  ...dryRunFlag,
  'remove-extra-permissions': { type: 'bool', help: 'If true, removes extra permissions added to roles' },
  'remove-extra-subjects': { type: 'bool', help: 'If true, removes extra subjects added to rolebindings' },
} as const;

const kinds: readonly string[] = [Role, ClusterRole, RoleBinding, ClusterRoleBinding].map(({ kind }) => kind);

export const reconcile: Verb = defineVerb({
  usage: 'auth reconcile -f FILENAME [options]',
  flags: reconcileFlags,
  async run(context) {
    const { flags, cluster, shell } = context;
    if (!namesFiles(flags)) throw new UsageError('must specify one of -f and -k', 'none');
    if (context.args.length > 0) throw new UsageError('no arguments are allowed', 'none');
    const dryRun = dryRunOf(flags['dry-run']);
    if (dryRun === 'server') throw new Error('--dry-run=server for command reconcile is not supported yet');
    const print = resultPrinter(context, await goOrder());
    const removals = { permissions: flags['remove-extra-permissions'], subjects: flags['remove-extra-subjects'] };
    const errors: unknown[] = [];
    for (const document of await readDocuments(flags, shell)) {
      try {
        requireCurrent(document.object);
        const { mapping, local } = await targetOf(cluster, document);
        if (mapping.group !== Role.group || !kinds.includes(mapping.kind)) continue;
        const done = await reconcileOne(cluster, mapping, local, { removals, rehearses: dryRun === 'client' });
        print(done.object, 'reconciled');
        shell.stderr.write(report(done, removals));
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
});

/** @throws Error for what is of a version that is gone. */
function requireCurrent({ apiVersion, kind }: AnyObject): void {
  const [group, version = ''] = apiVersion?.split('/') ?? [];
  if (group === Role.group && version !== Role.version) throw new Error(`only ${Role.apiVersion} is supported: not *${version}.${kind}`);
}

type Mapping = Awaited<ReturnType<typeof targetOf>>['mapping'];

async function reconcileOne(
  cluster: Cluster,
  mapping: Mapping,
  wanted: AnyObject,
  { removals, rehearses }: { readonly removals: Removals; readonly rehearses: boolean },
): Promise<Reconciled> {
  const { name = '', namespace } = wanted.metadata;
  const key = { name, namespace };
  const live = await cluster.api.get(mapping, key).catch(orUndefined);
  const step = plan(wanted, live, removals);
  if (step.action === 'none' || step.protected || rehearses) return step;
  if (step.action === 'update') return { ...step, object: await cluster.api.update(mapping, step.object) };
  if (step.action === 'recreate') await cluster.api.delete(mapping, key);
  if (namespace) await ensureNamespace(cluster, namespace);
  return { ...step, object: await cluster.api.create(mapping, step.object) };
}

async function ensureNamespace({ api }: Cluster, name: string): Promise<void> {
  const found = await api.get(Namespace, { name }).catch(orUndefined);
  if (!found) await api.create(Namespace, { metadata: { name } });
}

function orUndefined(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}

function report({ action, missingRules, extraRules, missingSubjects, extraSubjects, ...step }: Reconciled, removals: Removals): string {
  if (action === 'none') return '';
  const caveat = step.protected ? ', but object opted out (rbac.authorization.kubernetes.io/autoupdate: false)' : '';
  return [
    `\treconciliation required ${action}${caveat}\n`,
    section('missing subjects added', missingSubjects.map(subjectText)),
    section('extra subjects removed', removals.subjects ? extraSubjects.map(subjectText) : []),
    section('missing rules added', missingRules.map(ruleText)),
    section('extra rules removed', removals.permissions ? extraRules.map(ruleText) : []),
  ].join('');
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\t${title}:\n${lines.map((line) => `\t\t${line}\n`).join('')}`;
}

function ruleText({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): string {
  const list = (values: readonly string[]): string => `[${values.join(' ')}]`;
  const what = `APIGroups:${list(apiGroups)} Resources:${list(resources)} ResourceNames:${list(resourceNames)}`;
  return `{Verbs:${list(verbs)} ${what} NonResourceURLs:${list(nonResourceURLs)}}`;
}

function subjectText({ kind, apiGroup = '', name, namespace = '' }: Subject): string {
  return `{Kind:${kind} APIGroup:${apiGroup} Name:${name} Namespace:${namespace}}`;
}
