import { readFile } from 'node:fs/promises';
import { type ConfigKind, readConfigKind } from '@keelson/component';
import type { Command } from 'commander';
import { type DocumentName, type Documents, type Read, readDocuments, type Strictness } from './documents.ts';
import type { ClusterForm, Fields } from './forms.ts';
import { isOtherVersion } from './version.ts';

/**
 * Reads a configuration file, the components' documents held to the components' own forms. @throws Error in kubeadm's words for what
 * cannot be read, is no such file, or has fields that its kinds have not.
 */
export async function loadDocuments(path: string, strictness: Strictness): Promise<Documents> {
  const source = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such file or directory' : error.message;
    throw new Error(`unable to read config from "${path}": open ${path}: ${why}`);
  });
  const documents = readDocuments(source, strictness);
  const all = documents.all.map(async (read) => ({ ...read, ineffective: [...read.ineffective, ...(await alsoIdle(read, documents))] }));
  return { ...documents, all: await Promise.all(all) };
}

/** What else of a document changes nothing, by more than its form. */
async function alsoIdle({ name }: Read, { cluster, kubelet, kubeProxy }: Documents): Promise<string[]> {
  const { kubernetesVersion }: ClusterForm = cluster ?? {};
  if (name === 'cluster') return isOtherVersion(kubernetesVersion ?? '') ? ['ClusterConfiguration.kubernetesVersion'] : [];
  if (name === 'kubelet' && kubelet) return idleIn(kubelet, (await import('@keelson/kubelet')).component.configKind);
  if (name === 'kubeProxy' && kubeProxy) return idleIn(kubeProxy, (await import('@keelson/kube-proxy')).component.configKind);
  return [];
}

/** A component takes fields that it does not know, from a later version of it; whoever hands it a new file means those that there are. */
function idleIn(document: Fields, kind: ConfigKind | undefined): string[] {
  if (!kind) return [];
  const read = readConfigKind(document, { ...kind, lenient: false });
  return (read?.ineffective ?? []).map((path) => `${kind.kind}.${path}`);
}

/** What a command says of a file before it does what stands in it. @param used the documents that are for this command */
export function toldOf({ all }: Documents, used: readonly DocumentName[]): string[] {
  const isUsed = ({ name }: Read): boolean => name !== undefined && used.includes(name);
  const ineffective = all.filter(isUsed).flatMap((read) => read.ineffective);
  const ignored = all.filter((read) => !isUsed(read));
  return [
    ...ignored.map(({ kind }) => `[config] WARNING: Ignored configuration document with GroupVersionKind ${kind}`),
    ...(ineffective.length > 0 ? [`[config] taken without effect: ${ineffective.join(', ')}`] : []),
  ];
}

/** Flags that may stand beside --config: they say what is done now, not what the cluster is. */
const beside = new Set([
  ...['config', 'ignore-preflight-errors', 'dry-run', 'kubeconfig', 'node-name', 'kubeconfig-dir', 'upload-certs', 'yes'],
  // No document has a field for them; the first two are ours alone.
  ...['root', 'overlay', 'output'],
]);

/** Options that were given on the command line, by attribute. @throws Error when one says what --config is to say. */
export function givenBeside(command: Command): ReadonlySet<string> {
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
  const names = given.map((option) => option.long?.replace(/^--/, '') ?? '').sort();
  const mixed = names.filter((name) => !beside.has(name) && !name.startsWith('skip-'));
  if (names.includes('config') && mixed.length > 0) throw new Error(`can not mix '--config' with arguments [${mixed.join(' ')}]`);
  return new Set(given.map((option) => option.attributeName()));
}
