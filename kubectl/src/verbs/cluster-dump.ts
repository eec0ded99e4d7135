import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readText } from '@keelson/client';
import { toYaml } from '@keelson/machinery';
import { DaemonSet, Deployment, Event, type Kind, Namespace, Node, Pod, ReplicaSet, ReplicationController, Service } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { jsonText } from '../printers/objects.ts';
import { templateFlags } from '../printers/result.ts';
import { type AnyObject, defineVerb, type Shell, type Verb } from '../types.ts';

/** Takes a file's name and what it holds. */
type Write = (name: string, text: string) => Promise<void>;

const kinds: readonly Kind<unknown>[] = [Event, ReplicationController, Service, DaemonSet, Deployment, ReplicaSet, Pod];

export const dump: Verb = defineVerb({
  usage: 'cluster-info dump [flags] [options]',
  flags: {
    ...templateFlags,
    'pod-running-timeout': { type: 'duration', default: 20_000, help: 'The length of time to wait until at least one pod is running' },
    'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
    'all-namespaces': { type: 'bool', short: 'A', help: 'If true, dump all namespaces.  If true, --namespaces is ignored.' },
    namespaces: { type: 'list', help: 'A comma separated list of namespaces to dump.' },
    output: { type: 'string', short: 'o', default: 'json', help: 'Output format. One of: (json, yaml).' },
    'output-directory': {
      type: 'string',
      help: "Where to output the files.  If empty or '-' uses stdout, otherwise creates a directory hierarchy in that directory",
    },
  },
  async run({ flags, cluster, shell }) {
    const { output, 'output-directory': folder } = flags;
    if (output !== 'json' && output !== 'yaml')
      throw new Error(`unable to match a printer suitable for the output format "${output}", allowed formats are: json,yaml`);
    const write = writerTo(folder === '-' ? '' : folder, shell);
    const object = (name: string, value: object): Promise<void> =>
      write(`${name}.${output}`, output === 'yaml' ? toYaml(value) : jsonText(value));
    await object('nodes', await whole(cluster, Node, flags['show-managed-fields']));
    for (const namespace of await namespacesOf(cluster, flags)) {
      for (const kind of kinds)
        await object(`${namespace}/${fileOf(kind)}`, await whole(cluster, kind, flags['show-managed-fields'], namespace));
      await logs(cluster, namespace, write);
    }
    if (folder !== '' && folder !== '-') shell.stdout.write(`Cluster info dumped to ${folder}\n`);
  },
});

function writerTo(folder: string, { stdout }: Shell): Write {
  if (folder === '') return async (_, text) => void stdout.write(text);
  return async (name, text) => {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };
}

async function namespacesOf(
  cluster: Cluster,
  flags: { readonly 'all-namespaces': boolean; readonly namespaces: readonly string[] },
): Promise<readonly string[]> {
  if (flags['all-namespaces']) {
    const { items } = await cluster.api.list(Namespace);
    return items.map(({ metadata }) => metadata.name ?? '');
  }
  return flags.namespaces.length > 0 ? flags.namespaces : ['kube-system', cluster.namespace];
}

/** An item, of which its list says what it is. */
function bareItem({ apiVersion: _a, kind: _k, ...item }: AnyObject, managedFields: boolean): object {
  const { managedFields: _m, ...metadata } = item.metadata;
  return managedFields ? item : { ...item, metadata };
}

/** The list as the server would give it. */
async function whole(cluster: Cluster, kind: Kind<unknown>, managedFields: boolean, namespace?: string): Promise<object> {
  const { items, metadata } = await cluster.api.list(kind, { namespace });
  return {
    kind: `${kind.kind}List`,
    apiVersion: kind.apiVersion,
    metadata,
    items: items.map((item) => bareItem(item as AnyObject, managedFields)),
  };
}

function fileOf({ resource }: Kind<unknown>): string {
  return { replicationcontrollers: 'replication-controllers' }[resource] ?? resource;
}

/** What each container of each pod has said; one that cannot be asked says so. */
async function logs(cluster: Cluster, namespace: string, write: Write): Promise<void> {
  const { items } = await cluster.api.list(Pod, { namespace });
  for (const { metadata, spec } of items) {
    let text = '';
    for (const { name } of spec?.containers ?? []) {
      const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log?container=${name}`;
      const said = await cluster.api.raw({ method: 'GET', path }).then(readText, (error: Error) => `Request log error: ${error.message}\n`);
      const title = `container ${name} of pod ${namespace}/${metadata.name} ====\n`;
      text += `==== START logs for ${title}${said}==== END logs for ${title}`;
    }
    await write(`${namespace}/${metadata.name}/logs.txt`, text);
  }
}
