import { notAcceptable } from '@keelson/machinery';

/** What form the client wants objects in. */
export interface Form {
  readonly as: 'Object' | 'Table' | 'PartialObjectMetadata';
  readonly yaml: boolean;
  /** meta.k8s.io version of the converted form. */
  readonly version: string;
}

const plainJson: Form = { as: 'Object', yaml: false, version: 'v1' };

interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Chooses the first acceptable form a client names. Protobuf is read but never written, so clients that accept nothing else get 406,
 * as Kubernetes answers for forms it does not have.
 */
export function negotiate(accept: string | undefined, converts = true): Form {
  if (!accept || accept === '*/*' || accept === 'application/json') return plainJson;
  const clauses = accept.split(',').map(parseClause);
  for (const clause of clauses) {
    const form = formOf(clause, converts);
    if (form) return form;
  }
  throw notAcceptable(['application/json', 'application/yaml']);
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const pairs = rest.map((part) => part.split('=') as [string, string | undefined]);
  return { type: type.toLowerCase(), parameters: Object.fromEntries(pairs.map(([key, value = '']) => [key, value])) };
}

function formOf({ type, parameters }: Clause, converts: boolean): Form | undefined {
  const json = type === 'application/json' || type === '*/*' || type === 'application/*';
  if (!json && type !== 'application/yaml') return undefined;
  const { as, g, v = 'v1' } = parameters;
  if (as === undefined && (g !== undefined || parameters.v !== undefined)) return undefined;
  if (as === undefined) return { as: 'Object', yaml: !json, version: v };
  const kind = as.replace(/List$/, '');
  const known = (kind === 'Table' || kind === 'PartialObjectMetadata') && g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1');
  return known && converts ? { as: kind, yaml: !json, version: v } : undefined;
}
