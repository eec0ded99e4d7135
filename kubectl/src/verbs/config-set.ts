import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { type Context, defineVerb, type Verb } from '../types.ts';
import { changeConfig } from './config-file.ts';

type Entry = Readonly<Record<string, unknown>>;

const embed = { 'embed-certs': { type: 'bool', help: 'embed-certs for the entry in kubeconfig' } } as const;

function nameOf({ args }: Pick<Context, 'args'>): string {
  const [name] = args;
  if (name === undefined || args.length !== 1) throw new UsageError(`Unexpected args: [${args.join(' ')}]`, 'examples');
  return name;
}

/** The list with the named entry changed or added, and whether it was there. */
function upsert<E extends { readonly name: string }>(
  list: readonly E[] | undefined,
  name: string,
  change: (old: E | undefined) => E,
): { all: E[]; existed: boolean } {
  const old = list?.find((each) => each.name === name);
  const all = old ? (list ?? []).map((each) => (each === old ? change(old) : each)) : [...(list ?? []), change(undefined)];
  return { all, existed: old !== undefined };
}

/** A file by its path, or its contents where they are to be embedded; the other form goes. */
function file(name: string, path: string, embedded: boolean): Entry {
  if (embedded) return { [`${name}-data`]: readFileSync(path).toString('base64'), [name]: undefined };
  return { [name]: resolve(path), [`${name}-data`]: undefined };
}

function defined(entry: Entry): object {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

/** Whether something of it was given, by flags that are global as well. */
type Given = { readonly flags: object; readonly changed: ReadonlySet<string> };

function given({ flags, changed }: Given, flag: string): string | undefined {
  return changed.has(flag) ? String((flags as Entry)[flag]) : undefined;
}

export const setCluster: Verb = defineVerb({
  usage:
    'config set-cluster NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com] [options]',
  flags: { ...embed, 'proxy-url': { type: 'string', help: 'proxy-url for the cluster entry in kubeconfig' } },
  async run(context) {
    const name = nameOf(context);
    const ca = given(context, 'certificate-authority');
    const skip = given(context, 'insecure-skip-tls-verify');
    const changes: Entry = {
      ...(given(context, 'server') === undefined ? {} : { server: given(context, 'server') }),
      ...(given(context, 'tls-server-name') === undefined ? {} : { 'tls-server-name': given(context, 'tls-server-name') }),
      ...(given(context, 'proxy-url') === undefined ? {} : { 'proxy-url': given(context, 'proxy-url') }),
      ...(skip === undefined ? {} : { 'insecure-skip-tls-verify': skip === 'true' || undefined }),
      ...(ca === undefined ? {} : file('certificate-authority', ca, context.flags['embed-certs'])),
    };
    changeConfig(context, (config) => {
      const { all } = upsert(config.clusters, name, (old) => ({ name, cluster: defined({ ...old?.cluster, ...changes }) }));
      return { ...config, clusters: all };
    });
    context.shell.stdout.write(`Cluster ${JSON.stringify(name)} set.\n`);
  },
});

export const setCredentials: Verb = defineVerb({
  usage:
    'config set-credentials NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [options]',
  flags: embed,
  async run(context) {
    const name = nameOf(context);
    const plain = ['token', 'username', 'password'].flatMap((flag) =>
      given(context, flag) === undefined ? [] : [[flag, given(context, flag)]],
    );
    const files = ['client-certificate', 'client-key'].flatMap((flag) => {
      const path = given(context, flag);
      return path === undefined ? [] : Object.entries(file(flag, path, context.flags['embed-certs']));
    });
    const changes: Entry = Object.fromEntries([...plain, ...files]);
    changeConfig(context, (config) => {
      const { all } = upsert(config.users, name, (old) => ({ name, user: defined({ ...old?.user, ...changes }) }));
      return { ...config, users: all };
    });
    context.shell.stdout.write(`User ${JSON.stringify(name)} set.\n`);
  },
});

export const setContext: Verb = defineVerb({
  usage: 'config set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace] [options]',
  flags: { current: { type: 'bool', help: 'Modify the current context' } },
  async run(context) {
    const { shell, flags } = context;
    const current = flags.current ? (context.cluster.config['current-context'] ?? '') : '';
    if (flags.current && current === '') throw new Error('no current context is set');
    const name = flags.current ? current : nameOf(context);
    const changes = Object.fromEntries(
      ['cluster', 'user', 'namespace'].flatMap((flag) => (given(context, flag) === undefined ? [] : [[flag, given(context, flag)]])),
    );
    let existed = false;
    changeConfig(context, (config) => {
      const result = upsert(config.contexts, name, (old) => ({ name, context: { cluster: '', user: '', ...old?.context, ...changes } }));
      existed = result.existed;
      return { ...config, contexts: result.all };
    });
    shell.stdout.write(`Context ${JSON.stringify(name)} ${existed ? 'modified' : 'created'}.\n`);
  },
});
