import { errorMessage } from '@keelson/base';
import { type Form, readForm, strictDecodingError } from '@keelson/component';
import { parseYamlDocuments } from '@keelson/machinery';
import type { Fields } from './forms.ts';
import { clusterForm, initForm, joinForm, resetForm, upgradeForm, type Version, versions } from './kinds.ts';

/** What stands in a configuration file, whatever command it is for. */
export interface Documents {
  readonly init?: Fields;
  readonly cluster?: Fields;
  readonly join?: Fields;
  readonly reset?: Fields;
  readonly upgrade?: Fields;
  /** The component's own documents, which the component holds to its form. */
  readonly kubelet?: Fields;
  readonly kubeProxy?: Fields;
  /** All that stand in it, in their order. */
  readonly all: readonly Read[];
}

export type DocumentName = 'init' | 'cluster' | 'join' | 'reset' | 'upgrade' | 'kubelet' | 'kubeProxy';

/** A document that was read. */
export interface Read {
  /** Undefined: nobody here does anything with it. */
  readonly name: DocumentName | undefined;
  /** `group/version, Kind=kind`. */
  readonly kind: string;
  /** `Kind.path` of fields that are valid and change nothing here. */
  readonly ineffective: readonly string[];
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Go's way to print such a value with its type. */
function goKind({ group, version, kind }: Kind): string {
  return `schema.GroupVersionKind{Group:${JSON.stringify(group)}, Version:${JSON.stringify(version)}, Kind:${JSON.stringify(kind)}}`;
}

const kubeadm = 'kubeadm.k8s.io';

/** Where a document of a kind goes, and the form it has; undefined: somebody else knows it. */
interface Place {
  readonly name?: DocumentName;
  readonly form?: (version: Version) => Form;
  /** The first of kubeadm's versions that has it; undefined: all that are read. */
  readonly since?: Version;
}

const places: Readonly<Record<string, Place>> = {
  InitConfiguration: { name: 'init', form: initForm },
  ClusterConfiguration: { name: 'cluster', form: clusterForm },
  JoinConfiguration: { name: 'join', form: joinForm },
  ResetConfiguration: { name: 'reset', form: resetForm, since: 'v1beta4' },
  UpgradeConfiguration: { name: 'upgrade', form: upgradeForm, since: 'v1beta4' },
};

const components: Readonly<Record<string, { readonly version: string; readonly kind: string; readonly name: 'kubelet' | 'kubeProxy' }>> = {
  'kubelet.config.k8s.io': { version: 'v1beta1', kind: 'KubeletConfiguration', name: 'kubelet' },
  'kubeproxy.config.k8s.io': { version: 'v1alpha1', kind: 'KubeProxyConfiguration', name: 'kubeProxy' },
};

/** Versions that kubeadm read once, and the last kubeadm that did. */
const oldVersions: Readonly<Record<string, string>> = {
  v1alpha1: 'v1.11',
  v1alpha2: 'v1.12',
  v1alpha3: 'v1.14',
  v1beta1: 'v1.15',
  v1beta2: 'v1.22',
};

/** What to hold against documents that nobody here knows. */
export interface Strictness {
  /** Whether a document of another group is refused, as `config validate` does; else it is passed over, as `init` does. */
  readonly foreign: 'refuse' | 'pass over';
}

/** Reads a configuration file. @throws Error with kubeadm's sentence for what is no such file. */
export function readDocuments(source: string, strictness: Strictness): Documents {
  const found: { [name in DocumentName]?: Fields } = {};
  const all: Read[] = [];
  const unknown: Kind[] = [];
  const seen = new Set<string>();
  for (const document of parse(source)) {
    const kind = kindOf(document);
    if (seen.has(kind.kind)) throw new Error(`invalid configuration: kind ${JSON.stringify(kind.kind)} is specified twice in YAML file`);
    seen.add(kind.kind);
    const place = placeOf(kind);
    if (place === 'unknown' || (place === 'foreign' && strictness.foreign === 'refuse')) unknown.push(kind);
    const { name, form }: Place = typeof place === 'string' ? {} : place;
    const { content, ineffective } = form
      ? contentOf(document, kind, form(kind.version as Version))
      : { content: document, ineffective: [] };
    all.push({ name, kind: `${kind.group}/${kind.version}, Kind=${kind.kind}`, ineffective });
    if (name) found[name] = content;
  }
  if (unknown.length > 0) throw new Error(`unknown configuration APIs: []schema.GroupVersionKind{${unknown.map(goKind).join(', ')}}`);
  return { ...found, all };
}

function* parse(source: string): Generator<Fields> {
  for (const { value } of parseYamlDocuments(source)) {
    if (typeof value !== 'object' || Array.isArray(value)) throw new Error('invalid configuration: a document is no mapping of fields');
    yield value as Fields;
  }
}

function kindOf({ apiVersion, kind }: Fields): Kind {
  const [group = '', version = ''] = typeof apiVersion === 'string' ? splitVersion(apiVersion) : [];
  if (version !== '' && typeof kind === 'string' && kind !== '') return { group, version, kind };
  const told = `${typeof apiVersion === 'string' ? apiVersion : ''}, Kind=${typeof kind === 'string' ? kind : ''}`;
  throw new Error(
    `invalid configuration for GroupVersionKind ${told}: kind and apiVersion is mandatory information that must be specified`,
  );
}

function splitVersion(apiVersion: string): [string, string] {
  const at = apiVersion.indexOf('/');
  return at < 0 ? ['', apiVersion] : [apiVersion.slice(0, at), apiVersion.slice(at + 1)];
}

function placeOf({ group, version, kind }: Kind): Place | 'unknown' | 'foreign' {
  const component = Object.hasOwn(components, group) ? components[group] : undefined;
  if (component) return component.version === version && component.kind === kind ? { name: component.name } : 'unknown';
  if (group !== kubeadm) return 'foreign';
  const last = Object.hasOwn(oldVersions, version) ? oldVersions[version] : undefined;
  if (last !== undefined) {
    throw new Error(
      `your configuration file uses an old API spec: "${group}/${version}" (kind: "${kind}"). Please use kubeadm ${last} instead and run 'kubeadm config migrate --old-config old-config-file --new-config new-config-file', which will write the new, similar spec using a newer API version.`,
    );
  }
  const known = Object.hasOwn(places, kind) ? places[kind] : undefined;
  const first = versions.indexOf(known?.since ?? 'v1beta3');
  return known && versions.indexOf(version as Version) >= first ? known : 'unknown';
}

/** What a document says, and what of it has no effect. @throws Error as Go's strict decoder does. */
function contentOf({ apiVersion: _, kind: __, ...said }: Fields, kind: Kind, form: Form): { content: Fields; ineffective: string[] } {
  try {
    const { value, unknown, ineffective } = readForm(form, said);
    if (unknown.length > 0) throw new Error(strictDecodingError(unknown));
    return { content: value as Fields, ineffective: ineffective.map((path) => `${kind.kind}.${path}`) };
  } catch (error) {
    throw new Error(`error unmarshaling configuration ${goKind(kind)}: ${errorMessage(error)}`);
  }
}
