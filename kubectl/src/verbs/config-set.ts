import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { type Context, defineVerb, type Verb } from '../types.ts';
import { changeConfig, configFile, startingConfig } from './config-file.ts';

export type Entry = Readonly<Record<string, unknown>>;

export const embed = { 'embed-certs': { type: 'bool', help: 'embed-certs for the entry in kubeconfig' } } as const;

export function nameOf({ args }: Pick<Context, 'args'>, unexpected = 'Unexpected args'): string {
  const [name] = args;
  if (name === undefined || args.length !== 1) throw new UsageError(`${unexpected}: [${args.join(' ')}]`, 'help');
  return name;
}

/** The list with the named entry changed or added, and whether it was there. */
export function upsert<E extends { readonly name: string }>(
  list: readonly E[] | undefined,
  name: string,
  change: (old: E | undefined) => E,
): { all: E[]; existed: boolean } {
  const old = list?.find((each) => each.name === name);
  const all = old ? (list ?? []).map((each) => (each === old ? change(old) : each)) : [...(list ?? []), change(undefined)];
  return { all, existed: old !== undefined };
}

/** A file by its path, from the kubeconfig's folder where it is in it, or its contents where they are to be embedded; the other form goes. @throws Error for contents that are not there. */
export function file(context: Pick<Context, 'flags' | 'shell'>, name: string, path: string, embedded: boolean): Entry {
  if (embedded && !existsSync(path)) throw new Error(`could not stat ${name} file ${path}: stat ${path}: no such file or directory`);
  if (embedded) return { [`${name}-data`]: readFileSync(path).toString('base64'), [name]: undefined };
  const near = relative(dirname(resolve(configFile(context))), resolve(path));
  return { [name]: near.startsWith('..') ? resolve(path) : near, [`${name}-data`]: undefined };
}

/** The members that have a value. */
export function defined(entry: Entry): object {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

/** What was given, by flags that are global as well. */
type Given = { readonly flags: object; readonly changed: ReadonlySet<string> };

/** The text of a flag, if it was given. */
export function given({ flags, changed }: Given, flag: string): string | undefined {
  return changed.has(flag) ? String((flags as Entry)[flag]) : undefined;
}

export const setCluster: Verb = defineVerb({
  usage:
    'config set-cluster NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com] [options]',
  flags: {
    ...embed,
    'certificate-authority': { type: 'string', help: 'Path to certificate-authority file for the cluster entry in kubeconfig' },
    'insecure-skip-tls-verify': { type: 'bool', help: 'insecure-skip-tls-verify for the cluster entry in kubeconfig' },
    server: { type: 'string', help: 'server for the cluster entry in kubeconfig' },
    'tls-server-name': { type: 'string', help: 'tls-server-name for the cluster entry in kubeconfig' },
    'proxy-url': { type: 'string', help: 'proxy-url for the cluster entry in kubeconfig' },
  },
  async run(context) {
    const name = nameOf(context);
    const ca = given(context, 'certificate-authority');
    const skip = given(context, 'insecure-skip-tls-verify');
    if (context.flags['embed-certs'] && !ca) throw new Error('you must specify a --certificate-authority to embed');
    if (ca && skip === 'true') throw new Error('you cannot specify a certificate authority and insecure mode at the same time');
    const changes: Entry = {
      ...(given(context, 'server') === undefined ? {} : { server: given(context, 'server') }),
      ...(given(context, 'tls-server-name') === undefined ? {} : { 'tls-server-name': given(context, 'tls-server-name') }),
      ...(given(context, 'proxy-url') === undefined ? {} : { 'proxy-url': given(context, 'proxy-url') }),
      ...(skip === undefined ? {} : { 'insecure-skip-tls-verify': skip === 'true' || undefined }),
      ...(skip === 'true' ? { 'certificate-authority': undefined, 'certificate-authority-data': undefined } : {}),
      ...(ca === undefined ? {} : { 'insecure-skip-tls-verify': undefined }),
      ...(ca === undefined ? {} : file(context, 'certificate-authority', ca, context.flags['embed-certs'])),
    };
    changeConfig(context, (config) => {
      const { all } = upsert(config.clusters, name, (old) => ({ name, cluster: defined({ ...old?.cluster, ...changes }) }));
      return { ...config, clusters: all };
    });
    context.shell.stdout.write(`Cluster ${JSON.stringify(name)} set.\n`);
  },
});

export const setContext: Verb = defineVerb({
  usage: 'config set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace] [options]',
  flags: {
    cluster: { type: 'string', help: 'cluster for the context entry in kubeconfig' },
    current: { type: 'bool', help: 'Modify the current context' },
    namespace: { type: 'string', short: 'n', help: 'namespace for the context entry in kubeconfig' },
    user: { type: 'string', help: 'user for the context entry in kubeconfig' },
  },
  async run(context) {
    const { shell, flags } = context;
    const [named] = context.args;
    if (flags.current && named !== undefined) throw new Error('you cannot specify both a context name and --current');
    const current = flags.current ? (startingConfig(context)['current-context'] ?? '') : '';
    if (flags.current && current === '') throw new Error('no current context is set');
    if (!flags.current && !named) throw new Error('you must specify a non-empty context name or --current');
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
