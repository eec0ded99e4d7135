import { notAcceptable } from '@keelson/machinery';

export type Encoding = 'json' | 'protobuf' | 'yaml';

/** What form the client wants objects in. */
export interface Form {
  readonly as: 'Object' | 'Table' | 'PartialObjectMetadata';
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

interface Clause {
  readonly type: string;
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
      const form = names(clause.type, type) ? formOf(clause, encoding, converts) : undefined;
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
  const clauses = accept.split(',').map(parseClause);
  for (let i = 1; i < clauses.length; i++) {
    for (let j = i; j > 0 && goesBefore(clauses[j] as Clause, clauses[j - 1] as Clause); j--)
      clauses.splice(j - 1, 2, clauses[j] as Clause, clauses[j - 1] as Clause);
  }
  return clauses;
}

function goesBefore(one: Clause, other: Clause): boolean {
  return one.quality > other.quality || wildness(one.type) < wildness(other.type);
}

/** 0 for a type, 1 for `application/*`, 2 for any type at all. */
function wildness(type: string): number {
  return type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0;
}

function names(wanted: string, type: string): boolean {
  return wanted === type || wanted === '*/*' || wanted === 'application/*';
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const pairs = rest.map((part) => part.split('=', 2)).filter(({ length }) => length === 2);
  const { q = '1', ...parameters } = Object.fromEntries(pairs) as Record<string, string>;
  return { type: type.toLowerCase(), quality: Number.parseFloat(q) || 0, parameters };
}

function formOf({ parameters }: Clause, encoding: Encoding, converts: boolean): Form | undefined {
  const { as, g, v = 'v1' } = parameters;
  if (as === undefined && (g !== undefined || parameters.v !== undefined)) return undefined;
  if (as === undefined) return { as: 'Object', encoding, version: v };
  const kind = as.replace(/List$/, '');
  const known = (kind === 'Table' || kind === 'PartialObjectMetadata') && g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1');
  if (!known || !converts || (kind === 'Table' && encoding === 'protobuf')) return undefined;
  return { as: kind, encoding, version: v };
}
