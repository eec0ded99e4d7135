import { groupVersionPath, readJson } from '@keelson/client';
import { type PolicyRule, SelfSubjectAccessReview, SelfSubjectReview, SelfSubjectRulesReview } from '@keelson/types';
import { ruleHeader, ruleRows } from '../../describe/rbac.ts';
import { UsageError } from '../../errors.ts';
import { objectPrinter } from '../../printers/objects.ts';
import { outputFlags } from '../../printers/result.ts';
import { alignTabs, ColumnWriter } from '../../printers/tabwriter.ts';
import { type AnyObject, type Context, defineVerb, type Verb, type VerbEntry } from '../../types.ts';

const canFlags = {
  'all-namespaces': { type: 'bool', short: 'A', help: 'If true, check the specified action in all namespaces.' },
  list: { type: 'bool', help: 'If true, prints all allowed actions.' },
  'no-headers': { type: 'bool', help: 'If true, prints allowed actions without headers' },
  quiet: { type: 'bool', short: 'q', help: 'If true, suppress output and just return the exit code.' },
  subresource: { type: 'string', help: 'SubResource such as pod/log or deployment/scale' },
} as const;

/** Verbs that are known to mean something: others are asked about all the same. */
const resourceVerbs = new Set(
  'get list watch create update patch delete deletecollection use bind impersonate * approve sign escalate attest'.split(' '),
);
/** Types of which nobody can have objects, or all. */
const unlisted = new Set(['*', 'users', 'groups']);
const urlVerbs = new Set('get put post head options delete patch *'.split(' '));

const canI: Verb = defineVerb({
  usage: 'auth can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL] [options]',
  flags: canFlags,
  async run(context) {
    const { flags, cluster, shell, args } = context;
    if (flags.list) {
      if (args.length > 0) throw new Error('list option must be specified with no arguments');
      await listRules(context);
      return 0;
    }
    const [verb, what, name = ''] = args;
    if (verb === undefined || what === undefined || args.length > (what.startsWith('/') ? 2 : 3)) {
      throw new UsageError(
        "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
        'none',
      );
    }
    if (what.startsWith('/') && flags.subresource) throw new Error('--subresource can not be used with NonResourceURL');
    if (!(what.startsWith('/') ? urlVerbs : resourceVerbs).has(verb)) shell.stderr.write(`Warning: verb '${verb}' is not a known verb\n\n`);
    const spec = what.startsWith('/')
      ? { nonResourceAttributes: { path: what, verb } }
      : { resourceAttributes: await attributes(context, verb, what, name) };
    const review = { apiVersion: SelfSubjectAccessReview.apiVersion, kind: SelfSubjectAccessReview.kind, metadata: {}, spec };
    const { status } = await cluster.api.create(SelfSubjectAccessReview, review as SelfSubjectAccessReview);
    const allowed = status?.allowed === true;
    const why = [
      ...(status?.reason ? [` - ${status.reason}`] : []),
      ...(status?.evaluationError ? [` - ${status.evaluationError}`] : []),
    ].join('');
    if (!flags.quiet) shell.stdout.write(`${allowed ? 'yes' : `no${why}`}\n`);
    return allowed ? 0 : 1;
  },
});

async function attributes({ flags, cluster, shell }: Context<typeof canFlags>, verb: string, what: string, name: string): Promise<object> {
  const [type = '', ownName = name] = what.split('/');
  const found = type === '*' ? undefined : (await cluster.mapper()).find(type);
  if (!found && !unlisted.has(type)) shell.stderr.write(`Warning: the server doesn't have a resource type '${type}'\n\n`);
  if (found && !found.namespaced && !flags['all-namespaces'])
    shell.stderr.write(
      `Warning: resource '${found.resource}' is not namespace scoped${found.group === '' ? '' : ` in group '${found.group}'`}\n\n`,
    );
  return {
    namespace: flags['all-namespaces'] || found?.namespaced === false ? '' : cluster.namespace,
    verb,
    group: found?.group ?? (type === '*' ? '*' : ''),
    resource: found?.resource ?? type,
    ...(flags.subresource ? { subresource: flags.subresource } : {}),
    ...(ownName ? { name: ownName } : {}),
  };
}

async function listRules({ flags, cluster, shell }: Context<typeof canFlags>): Promise<void> {
  const review = {
    apiVersion: SelfSubjectRulesReview.apiVersion,
    kind: SelfSubjectRulesReview.kind,
    metadata: {},
    spec: { namespace: cluster.namespace },
  };
  const { status } = await cluster.api.create(SelfSubjectRulesReview, review as SelfSubjectRulesReview);
  const rows = ruleRows([...(status?.resourceRules ?? []), ...(status?.nonResourceRules ?? [])] as PolicyRule[]);
  shell.stdout.write(new ColumnWriter().write(flags['no-headers'] ? rows : [ruleHeader, ...rows]));
}

const whoami: Verb = defineVerb({
  usage: 'auth whoami [options]',
  flags: {
    ...outputFlags,
  },
  async run({ flags, changed, cluster, shell }) {
    const body = JSON.stringify({ apiVersion: SelfSubjectReview.apiVersion, kind: SelfSubjectReview.kind, metadata: {} });
    const path = `${groupVersionPath(SelfSubjectReview)}/${SelfSubjectReview.resource}`;
    const review = (await readJson(await cluster.api.raw({ method: 'POST', path, body }))) as SelfSubjectReview;
    if (changed.has('output')) return void shell.stdout.write(objectPrinter(flags.output)(review as unknown as AnyObject));
    const { username, uid, groups, extra } = review.status?.userInfo ?? {};
    const lines = [
      'ATTRIBUTE\tVALUE',
      ...(username ? [`Username\t${username}`] : []),
      ...(uid ? [`UID\t${uid}`] : []),
      ...(groups?.length ? [`Groups\t[${groups.join(' ')}]`] : []),
      ...Object.entries(extra ?? {}).map(([key, values]) => `Extra: ${key}\t[${values.join(' ')}]`),
      '',
    ];
    shell.stdout.write(alignTabs(lines.join('\n'), { minWidth: 6, padding: 3 }));
  },
});

const subverbs: readonly VerbEntry[] = [
  { name: 'can-i', summary: 'Check whether an action is allowed', load: async () => canI },
  {
    name: 'reconcile',
    summary: 'Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects',
    load: async () => (await import('./reconcile.ts')).reconcile,
  },
  { name: 'whoami', summary: 'Experimental: Check self subject attributes', load: async () => whoami },
];

export const verb: Verb = defineVerb({ usage: 'auth [flags] [options]', flags: {}, subverbs });
