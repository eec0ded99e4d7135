import { type Api, readJson } from '@keelson/client';
import { ExitError, UsageError } from '../errors.ts';
import type { ApiResource } from '../resource/discovery.ts';
import { defineVerb } from '../types.ts';
import { elementOf, resolve, type Schema, type Schemas, schemaOf, wrap } from './explain-schema.ts';
import { explainPlainly } from './explain-v2.ts';

export const verb = defineVerb({
  usage: 'explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2] [options]',
  examples: [
    '# Get the documentation of the resource and its fields',
    'kubectl explain pods',
    '# Get the documentation of a specific field',
    'kubectl explain pods.spec.containers',
  ],
  flags: {
    'api-version': { type: 'string', help: 'Use given api-version (group/version) of the resource.' },
    output: {
      type: 'string',
      short: 'o',
      default: 'plaintext',
      help: 'Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2).',
    },
    recursive: {
      type: 'bool',
      short: 'R',
      help: 'When true, print the name of all the fields recursively. Otherwise, print the available fields with their description.',
    },
  },
  async run({ flags, cluster, shell, args }) {
    const [argument, ...more] = args;
    const formats = ['plaintext', 'plaintext-openapiv2'];
    if (argument === undefined)
      throw new UsageError(
        'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.\n',
        'none',
      );
    if (more.length > 0) throw new UsageError('We accept only this format: explain RESOURCE\n', 'none');
    if (!formats.includes(flags.output)) throw new Error(`unrecognized format: ${flags.output}`);
    const { resources } = await cluster.mapper();
    const mapper = await cluster.mapper();
    if (argument.startsWith('.')) throw new Error('invalid jsonpath syntax, first node must be field node');
    const [type = '', ...path] = argument.split('.');
    // A group may follow the type: the longest beginning that is a resource wins.
    const lengths = Array.from({ length: path.length + 1 }, (_, i) => path.length - i);
    const at = lengths.find((length) => mapper.find([type, ...path.slice(0, length)].join('.')) !== undefined);
    const found = at === undefined ? undefined : mapper.find([type, ...path.slice(0, at)].join('.'));
    if (!found) throw new ExitError(1, `the server doesn't have a resource type ${JSON.stringify(type)}`);
    const wanted = flags['api-version'];
    const resource = wanted ? resources.find((each) => each.kind === found.kind && each.apiVersion === wanted) : found;
    const asked = `${wanted.includes('/') ? '' : '/'}${wanted}, Resource=${found.resource}`;
    if (!resource && resources.some(({ apiVersion }) => apiVersion === wanted))
      throw new Error(`GVR (${asked}) not found in OpenAPI schema`);
    if (!resource) throw new Error(`couldn't find resource for "${asked}"`);
    const schemas = await fetchSchemas(cluster.api, resource);
    const fields = path.slice(at ?? 0);
    const missing = missingField(schemas, resource, fields);
    const plain = flags.output === 'plaintext-openapiv2';
    if (missing !== undefined) {
      if (!plain) shell.stdout.write(`${headOf(resource).join('\n')}\n`);
      throw new Error(`field ${JSON.stringify(missing)} does not exist`);
    }
    const text = plain ? explainPlainly : explain;
    shell.stdout.write(text(schemas, resource, fields, flags.recursive));
  },
});

async function fetchSchemas(api: Api, { group, version }: ApiResource): Promise<Schemas> {
  const index = (await readJson(await api.raw({ method: 'GET', path: '/openapi/v3' }))) as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  const entry = index.paths[group === '' ? `api/${version}` : `apis/${group}/${version}`];
  if (!entry) throw new Error(`couldn't find schemas for ${group ? `${group}/` : ''}${version}`);
  const document = (await readJson(await api.raw({ method: 'GET', path: entry.serverRelativeURL }))) as {
    components?: { schemas?: Schemas };
  };
  return document.components?.schemas ?? {};
}

type Named = Pick<ApiResource, 'group' | 'version' | 'kind'>;

/** The text for a kind, or for the field at a path in it. @throws Error `field "x" does not exist`. */
export function explain(schemas: Schemas, { group, version, kind }: Named, path: readonly string[], recursive: boolean): string {
  const root = schemaOf(schemas, { group, version, kind });
  if (!root) throw new Error(`couldn't find resource for "${group ? `${group}/` : ''}${version}, Kind=${kind}"`);
  let [schema, description] = [root, root.description ?? ''];
  for (const name of path) {
    const next = elementOf(schemas, schema).properties?.[name];
    if (!next) throw new Error(`field ${JSON.stringify(name)} does not exist`);
    [schema, description] = [next, next.description ?? ''];
  }
  const target = elementOf(schemas, schema);
  const fields = target.properties ? fieldLines(schemas, target, recursive, 1, new Set()) : [];
  const last = path.at(-1);
  const type = last === undefined ? [] : [`FIELD: ${last} <${typeText(schemas, schema)}>`, ...enumLines(resolve(schemas, schema)), ''];
  const about = description || target.description || '<empty>';
  const more =
    last !== undefined && target.description && target.description !== description && target.properties
      ? [...wrap(target.description, 4)]
      : [];
  return `${[
    ...headOf({ group, version, kind }),
    ...type,
    'DESCRIPTION:',
    ...wrap(about, 4),
    ...more,
    '    ',
    ...docsLines(schema.externalDocs ?? target.externalDocs, ''),
    ...(fields.length > 0 ? ['FIELDS:', ...fields] : []),
    '',
  ].join('\n')}\n`;
}

function headOf({ group, version, kind }: Named): string[] {
  return [...(group ? [`GROUP:      ${group}`] : []), `KIND:       ${kind}`, `VERSION:    ${version}`, ''];
}

/** What upstream's kubectl says is missing of a path that leads nowhere: its end, wherever it broke off. */
function missingField(schemas: Schemas, resource: Named, path: readonly string[]): string | undefined {
  let schema: Schema | undefined = schemaOf(schemas, resource);
  for (const name of path) {
    schema = schema && elementOf(schemas, schema).properties?.[name];
    if (!schema) return path.at(-1);
  }
  return undefined;
}

function enumLines(schema: Schema): string[] {
  return schema.enum ? ['ENUM:', ...schema.enum.map((value) => `    ${value || '""'}`)] : [''];
}

function fieldLines(schemas: Schemas, schema: Schema, recursive: boolean, level: number, seen: ReadonlySet<Schema>): string[] {
  const pad = '  '.repeat(level);
  return Object.entries(schema.properties ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, field]) => {
      const line = `${pad}${name}\t<${typeText(schemas, field)}>${schema.required?.includes(name) ? ' -required-' : ''}`;
      const inner = elementOf(schemas, field);
      const options = resolve(schemas, field).enum;
      const choice = options ? [`${pad}enum: ${choices(options)}`] : [];
      if (recursive)
        return [
          line,
          ...choice,
          ...(inner.properties && !seen.has(inner) ? fieldLines(schemas, inner, true, level + 1, new Set([...seen, inner])) : []),
        ];
      const text = field.description || '<no description>';
      const docs = docsLines(field.externalDocs, '    ');
      return [line, ...choice.map((each) => each.trimEnd()), ...wrap(text, 4), '', ...docs];
    });
}

/** Where more is to be read. */
function docsLines(docs: Schema['externalDocs'], pad: string): string[] {
  if (!docs) return [];
  const { description = '', url } = docs;
  return [`${pad}EXTERNAL DOCS:`, ...(description ? wrap(description, pad.length + 4) : []), `${pad}    URL: ${url ?? ''}`, ''];
}

/** The first choices: upstream shows no more than four. */
function choices(values: readonly string[]): string {
  const shown = values.slice(0, 4).map((value) => value || '""');
  return (values.length > 4 ? [...shown, '....'] : shown).join(', ');
}

/** `string`, `[]Container`, `map[string]string`. */
function typeText(schemas: Schemas, schema: Schema): string {
  const [only] = schema.allOf ?? [];
  const reference = schema.$ref ?? only?.$ref;
  const resolved = resolve(schemas, schema);
  if (resolved.items) return `[]${typeText(schemas, resolved.items)}`;
  if (typeof resolved.additionalProperties === 'object') return `map[string]${typeText(schemas, resolved.additionalProperties)}`;
  if (reference && (resolved.properties || resolved.type === undefined || resolved.type === 'object'))
    return reference.slice(reference.lastIndexOf('.') + 1);
  return resolved.type === 'object' ? 'Object' : (resolved.type ?? 'Object');
}
