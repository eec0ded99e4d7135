import { notAcceptable } from '@keelson/machinery';

export type Encoding = 'json' | 'protobuf' | 'yaml';

/** What form the client wants objects in. */
export interface Form {
  readonly as: 'Object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly encoding: Encoding;
  /** meta.k8s.io version of the converted form. */
  readonly version: string;
}

/** What an endpoint has to offer besides its objects in JSON and YAML. */
export interface Offer {
  /** Tables and metadata alone. */
  readonly converts?: boolean;
  /** Objects that no protobuf message is known for. Their metadata has one. */
  readonly custom?: boolean;
}

/** Media types by what they encode, in the order in which wildcards choose. */
const encodings: ReadonlyArray<readonly [type: string, encoding: Encoding]> = [
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'],
];

const plainJson: Form = { as: 'Object', encoding: 'json', version: 'v1' };

/** What stands between commas. */
interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Chooses the first acceptable form a client names, as Kubernetes does: by quality, what is named before what a wildcard takes.
 * @throws StatusError NotAcceptable when there is none.
 */
export function negotiate(accept: string | undefined, { converts = true, custom = false }: Offer = {}): Form {
  if (!accept || accept === '*/*' || accept === 'application/json') return plainJson;
  for (const clause of clausesOf(accept)) {
    for (const [type, encoding] of encodings) {
      const form = names(clause, type) ? formOf(clause, encoding, converts) : undefined;
      if (form && !(custom && encoding === 'protobuf' && form.as === 'Object')) return form;
    }
  }
  throw notAcceptable(encodings.map(([type]) => type));
}

/** How a Status is written, whatever else was asked: JSON where nothing that was named would do. */
export function statusEncoding(accept: string | undefined): Encoding {
  try {
    return negotiate(accept, { converts: false }).encoding;
  } catch {
    return 'json';
  }
}

/** In the order of preference. Go sorts short lists by insertion, which counts: its order of clauses is none where they disagree. */
function clausesOf(accept: string): readonly Clause[] {
  const clauses = accept.split(',').flatMap(parseClause);
  for (let i = 1; i < clauses.length; i++) {
    for (let j = i; j > 0 && goesBefore(clauses[j] as Clause, clauses[j - 1] as Clause); j--)
      clauses.splice(j - 1, 2, clauses[j] as Clause, clauses[j - 1] as Clause);
  }
  return clauses;
}

function goesBefore(one: Clause, other: Clause): boolean {
  if (one.quality > other.quality) return true;
  return (one.type !== '*' && other.type === '*') || (one.subtype !== '*' && other.subtype === '*');
}

function names({ type, subtype }: Clause, offered: string): boolean {
  return `${type}/${subtype}` === offered || (subtype === '*' && (type === '*' || type === 'application'));
}

/** None for what is no media type. */
function parseClause(text: string): Clause[] {
  const [name = '', ...rest] = text.split(';').map(trimmed);
  const [type = '', subtype = type === '*' ? '*' : '', ...more] = name.split('/').map(trimmed);
  if (subtype === '' || more.length > 0) return [];
  const pairs = rest.map((part) => part.split('=')).filter(([, value, ...others]) => value && others.length === 0);
  const parameters = Object.fromEntries(pairs.map(([name = '', value = '']) => [trimmed(name), trimmed(value)])) as Record<string, string>;
  const { q = '1', ...others } = parameters;
  return [{ type, subtype, quality: /^\d*\.?\d*$/.test(q) ? Number(q) : 0, parameters: others }];
}

function trimmed(text: string): string {
  return text.replace(/^ +| +$/g, '');
}

function formOf({ parameters }: Clause, encoding: Encoding, converts: boolean): Form | undefined {
  const { as, g, v, stream = '', sv = '' } = parameters;
  if ((stream !== '' && (stream !== 'watch' || encoding === 'yaml')) || (sv !== '' && sv !== 'v1')) return undefined;
  if (as === undefined && g === undefined && v === undefined) return { as: 'Object', encoding, version: 'v1' };
  const isKnown = as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
  if (!isKnown || g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined;
  if (!converts || (as === 'Table' && encoding === 'protobuf')) return undefined;
  return { as, encoding, version: v };
}
