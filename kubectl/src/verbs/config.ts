import { throwAll, UsageError } from '../errors.ts';
import { verbHelp } from '../help.ts';
import { alignTabs } from '../printers/tabwriter.ts';
import { type Context, defineVerb, type Verb, type VerbEntry } from '../types.ts';
import { setCredentials } from './config-credentials.ts';
import { changeConfig, configFile, startingConfig } from './config-file.ts';
import { set, unset } from './config-property.ts';
import { setCluster, setContext } from './config-set.ts';
import { view } from './config-view.ts';

function oneName({ args }: Context): string {
  const [name] = args;
  if (name === undefined || args.length !== 1) throw new UsageError(`Unexpected args: [${args.join(' ')}]`, 'help');
  return name;
}

function simple(usage: string, run: (context: Context) => void): Verb {
  return defineVerb({ usage: `config ${usage} [options]`, flags: {}, run: async (context) => run(context) });
}

const currentContext = simple('current-context [flags]', (context) => {
  const { shell } = context;
  const current = startingConfig(context)['current-context'];
  if (!current) throw new Error('current-context is not set');
  shell.stdout.write(`${current}\n`);
});

const useContext = simple('use-context CONTEXT_NAME', (context) => {
  const name = oneName(context);
  if (!startingConfig(context).contexts?.some((each) => each.name === name))
    throw new Error(`no context exists with the name: ${JSON.stringify(name)}`);
  changeConfig(context, (config) => ({ ...config, 'current-context': name }));
  context.shell.stdout.write(`Switched to context ${JSON.stringify(name)}.\n`);
});

const getContexts: Verb = defineVerb({
  usage: 'config get-contexts [(-o|--output=)name)] [options]',
  flags: {
    'no-headers': {
      type: 'bool',
      help: "When using the default or custom-column output format, don't print headers (default print headers).",
    },
    output: { type: 'string', short: 'o', help: 'Output format. One of: (name).' },
  },
  async run(context) {
    const { flags, shell, args } = context;
    if (!['', 'name'].includes(flags.output))
      throw new Error(`--output ${flags.output} is not available in kubectl config get-contexts; resetting to default output format`);
    const { contexts = [], 'current-context': current } = startingConfig(context);
    const missing = args.filter((name) => !contexts.some((each) => each.name === name));
    const shown = contexts.filter(({ name }) => args.length === 0 || args.includes(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (flags.output === 'name') {
      shell.stdout.write(shown.map(({ name }) => `${name}\n`).join(''));
      return throwAll(missing.map((name) => new Error(`context ${name} not found`)));
    }
    const rows = shown.map(({ name, context: { cluster, user, namespace = '' } }) => [
      name === current ? '*' : '',
      name,
      cluster,
      user,
      namespace,
    ]);
    const all = flags['no-headers'] ? rows : [['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE'], ...rows];
    shell.stdout.write(alignTabs(all.map((cells) => `${cells.join('\t')}\n`).join(''), { minWidth: 6, padding: 3 }));
    throwAll(missing.map((name) => new Error(`context ${name} not found`)));
  },
});

function listNames(usage: string, section: 'clusters' | 'users'): Verb {
  return simple(usage, (context) => {
    const { shell } = context;
    const names = (startingConfig(context)[section] ?? []).map(({ name }) => name).sort();
    shell.stdout.write(['NAME', ...names].map((name) => `${name}\n`).join(''));
  });
}

/** What upstream's kubectl does where no name is given is another thing for each: an error for users, help for the rest. */
function nameToDelete(context: Context, what: string): string | undefined {
  const [name] = context.args;
  if (name !== undefined && context.args.length === 1) return name;
  if (what === 'user') throw new UsageError('user to delete is required', 'examples');
  return undefined;
}

function deleteFrom(what: string, section: 'clusters' | 'contexts' | 'users'): Verb {
  const usage = `config delete-${what} NAME [options]`;
  const verb: Verb = defineVerb({ usage, flags: {}, run: async (context) => deleteNamed(context) });
  return verb;

  function deleteNamed(context: Context): void {
    const name = nameToDelete(context, what);
    if (name === undefined)
      return void context.shell.stdout.write(verbHelp(verb, context.path, `Delete the specified ${what} from the kubeconfig`));
    const path = changeConfig(context, (config) => {
      if (!config[section]?.some((each) => each.name === name))
        throw new Error(`cannot delete ${what} ${name}, not in ${configFile(context)}`);
      return { ...config, [section]: config[section].filter((each) => each.name !== name) };
    });
    if (what === 'context' && startingConfig(context)['current-context'] === name) {
      context.shell.stderr.write('warning: this removed your active context, use "kubectl config use-context" to select a different one\n');
    }
    context.shell.stdout.write(`deleted ${what} ${name} from ${path}\n`);
  }
}

const renameContext = simple('rename-context CONTEXT_NAME NEW_NAME', (context) => {
  const [from, to] = context.args;
  if (from === undefined || to === undefined || context.args.length !== 2)
    throw new UsageError(`Unexpected args: [${context.args.join(' ')}]`, 'help');
  changeConfig(context, (config) => {
    const contexts = config.contexts ?? [];
    if (!contexts.some(({ name }) => name === from))
      throw new Error(`cannot rename the context ${JSON.stringify(from)}, it's not in ${configFile(context)}`);
    if (contexts.some(({ name }) => name === to))
      throw new Error(
        `cannot rename the context ${JSON.stringify(from)}, the context ${JSON.stringify(to)} already exists in ${configFile(context)}`,
      );
    const current = config['current-context'] === from ? to : config['current-context'];
    return {
      ...config,
      contexts: contexts.map((each) => (each.name === from ? { ...each, name: to } : each)),
      ...(current ? { 'current-context': current } : {}),
    };
  });
  context.shell.stdout.write(`Context ${JSON.stringify(from)} renamed to ${JSON.stringify(to)}.\n`);
});

const subverbs: readonly VerbEntry[] = [
  { name: 'current-context', summary: 'Display the current-context', load: async () => currentContext },
  {
    name: 'delete-cluster',
    summary: 'Delete the specified cluster from the kubeconfig',
    load: async () => deleteFrom('cluster', 'clusters'),
  },
  {
    name: 'delete-context',
    summary: 'Delete the specified context from the kubeconfig',
    load: async () => deleteFrom('context', 'contexts'),
  },
  { name: 'delete-user', summary: 'Delete the specified user from the kubeconfig', load: async () => deleteFrom('user', 'users') },
  {
    name: 'get-clusters',
    summary: 'Display clusters defined in the kubeconfig',
    load: async () => listNames('get-clusters [flags]', 'clusters'),
  },
  { name: 'get-contexts', summary: 'Describe one or many contexts', load: async () => getContexts },
  { name: 'get-users', summary: 'Display users defined in the kubeconfig', load: async () => listNames('get-users [flags]', 'users') },
  { name: 'rename-context', summary: 'Rename a context from the kubeconfig file', load: async () => renameContext },
  { name: 'set', summary: 'Set an individual value in a kubeconfig file', load: async () => set },
  { name: 'set-cluster', summary: 'Set a cluster entry in kubeconfig', load: async () => setCluster },
  { name: 'set-context', summary: 'Set a context entry in kubeconfig', load: async () => setContext },
  { name: 'set-credentials', summary: 'Set a user entry in kubeconfig', load: async () => setCredentials },
  { name: 'unset', summary: 'Unset an individual value in a kubeconfig file', load: async () => unset },
  { name: 'use-context', aliases: ['use'], summary: 'Set the current-context in a kubeconfig file', load: async () => useContext },
  { name: 'view', summary: 'Display merged kubeconfig settings or a specified kubeconfig file', load: async () => view },
];

export const verb: Verb = defineVerb({
  usage: 'config SUBCOMMAND [options]',
  description: 'Modify kubeconfig files using subcommands like "kubectl config set-context".',
  flags: {},
  subverbs,
});
