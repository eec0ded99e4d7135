import { readFileSync } from 'node:fs';
import { inOrder, parseJsonPath, relaxedJsonPath, toYaml } from '@keelson/machinery';
import { kindText } from '../resource/mapper.ts';
import { goSyntax } from '../template/printf.ts';
import { type Value, valueText } from '../template/value.ts';
import type { AnyObject } from '../types.ts';
import type { GoOrder } from './go-order.ts';
import { kyamlText } from './kyaml.ts';
import { ColumnWriter } from './tabwriter.ts';
import { templatePrinter } from './template.ts';

/** Text of one object, which may be a List. A printer may remember what it printed before: a header, or a separator that is due. */
export type ObjectPrinter = (object: AnyObject) => string;

export interface PrintOptions {
  readonly showManagedFields?: boolean;
  /** Templates find nothing for what is not there, instead of failing. On unless told. */
  readonly allowMissingKeys?: boolean;
  readonly noHeaders?: boolean;
  /** The order of fields in JSON and KYAML; without it keys come in their own order. */
  readonly order?: GoOrder | undefined;
  /** The formats that there are, as the error names them that is thrown for another. */
  readonly formats?: string;
}

const resultFormats = 'go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml';
/** Those of `get`. */
export const tableFormats =
  'custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml';

/** The printer of an `-o` value that prints objects. @throws Error in kubectl's words for one that is unknown or wrong. */
export function objectPrinter(output: string, options: PrintOptions = {}): ObjectPrinter {
  const [, written = '', argument = ''] = /^([^=]*)=?([\s\S]*)$/.exec(output) ?? [];
  const formats = options.formats ?? resultFormats;
  const format = /^(?:json|k?yaml|name)$/i.test(written) ? written.toLowerCase() : written;
  if (!formats.split(',').includes(format)) throw unknownFormat(output, formats);
  const allowMissingKeys = options.allowMissingKeys ?? true;
  const clean: ObjectPrinter | ((object: AnyObject) => AnyObject) = options.showManagedFields ? (object) => object : withoutManagedFields;
  const ordered = options.order ?? inOrder;
  switch (format) {
    case 'json':
      return (object) => `${goIndented(ordered(clean(object) as AnyObject))}\n`;
    case 'yaml':
      return yamlPrinter((object) => clean(object) as AnyObject);
    case 'kyaml':
      return (object) => kyamlText(ordered(clean(object) as AnyObject));
    case 'name':
      return nameText;
    case 'jsonpath':
    case 'jsonpath-file':
      return jsonPathPrinter(format === 'jsonpath' ? argument : readTemplate(argument), allowMissingKeys);
    case 'go-template':
    case 'template':
      return templatePrinter(argument, allowMissingKeys);
    case 'go-template-file':
    case 'templatefile':
      return templatePrinter(readTemplate(argument), allowMissingKeys);
    case 'jsonpath-as-json': {
      const path = parseGiven(argument);
      return (object) => jsonText(path.find(object, { allowMissingKeys }).flat());
    }
    case 'custom-columns':
      return columnsPrinter(parseColumns(argument), options.noHeaders ?? false);
    case 'custom-columns-file':
      return columnsPrinter(parseColumnsFile(readTemplate(argument, 'template')), options.noHeaders ?? false);
    default:
      throw unknownFormat(output, formats);
  }
}

const noColumns = 'custom-columns format specified but no custom columns given';

function unknownFormat(output: string, formats: string): Error {
  return new Error(`unable to match a printer suitable for the output format "${output}", allowed formats are: ${formats}`);
}

function readTemplate(path: string, what = '--template'): string {
  if (path === '') throw new Error(what === 'template' ? noColumns : 'template format specified but no template given');
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Error(`error reading ${what} ${path}, open ${path}: no such file or directory`);
  }
}

function jsonPathPrinter(template: string, allowMissingKeys: boolean): ObjectPrinter {
  const path = parseGiven(template);
  return (object) => {
    try {
      return path.print(object, { allowMissingKeys });
    } catch (error) {
      const { message } = error as Error;
      const head = `Error executing template: ${message}. Printing more information for debugging the template:\n`;
      const data = `\tobject given to jsonpath engine was:\n\t\t${goSyntax(object as unknown as Value)}\n\n`;
      throw new Error(`error executing jsonpath ${JSON.stringify(template)}: ${head}\ttemplate was:\n\t\t${template}\n${data}`);
    }
  };
}

function parseGiven(template: string): ReturnType<typeof parseJsonPath> {
  if (template === '') throw new Error('template format specified but no template given');
  try {
    return parseJsonPath(template);
  } catch (error) {
    throw new Error(`error parsing jsonpath ${template}, ${(error as Error).message}`);
  }
}

/** JSON with sorted keys and four spaces, as kubectl prints it. */
export function jsonText(object: unknown): string {
  return `${goIndented(inOrder(object))}\n`;
}

function goIndented(value: unknown): string {
  const text = JSON.stringify(value, null, 4);
  return text.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Several objects become several documents. */
function yamlPrinter(clean: (object: AnyObject) => AnyObject): ObjectPrinter {
  let printed = 0;
  return (object) => `${printed++ > 0 ? '---\n' : ''}${toYaml(clean(object))}`;
}

function withoutManagedFields(object: AnyObject): AnyObject {
  if (Array.isArray(object.items)) return { ...object, items: object.items.map(withoutManagedFields) };
  if (!object.metadata?.managedFields) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function nameText(object: AnyObject): string {
  if (Array.isArray(object.items)) return object.items.map(nameText).join('');
  return `${objectName(object)}\n`;
}

/** `deployment.apps/web`. */
export function objectName({ apiVersion = '', kind = '', metadata }: AnyObject): string {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return `${kindText({ kind, group })}/${metadata?.name || '<unknown>'}`;
}

interface Column {
  readonly header: string;
  readonly template: string;
}

function parseColumns(spec: string): Column[] {
  if (spec === '') throw new Error(noColumns);
  return spec.split(',').map((part) => {
    const [, header, path] = /^([^:]*):([\s\S]*)$/.exec(part) ?? [];
    if (header === undefined || path === undefined) {
      throw new Error(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    }
    return { header, template: relaxedJsonPath(path) };
  });
}

/** Headers in the first line, paths in the second. */
function parseColumnsFile(text: string): Column[] {
  const lines = text.split('\n').filter((line, i, all) => line !== '' || i < all.length - 1);
  const missing = ['header', 'spec'][lines.length];
  const form = 'Expected format is one line of space separated headers, one line of space separated column specs.';
  if (missing) throw new Error(`invalid template, missing ${missing} line. ${form}`);
  const [headers = [], paths = []] = lines.map((line) => line.trim().split(/\s+/));
  if (headers.length !== paths.length)
    throw new Error(`number of headers (${headers.length}) and field specifications (${paths.length}) don't match`);
  return headers.map((header, i) => ({ header, template: relaxedJsonPath(paths[i] ?? '') }));
}

function columnsPrinter(columns: readonly Column[], noHeaders: boolean): ObjectPrinter {
  const paths = columns.map(({ template }) => parseJsonPath(template));
  const writer = new ColumnWriter();
  let headed = noHeaders;
  return (object) => {
    const items = Array.isArray(object.items) ? (object.items as AnyObject[]) : [object];
    const rows = items.map((item) => paths.map((path) => columnText(path.find(item, { allowMissingKeys: true }).flat())));
    const header = headed ? [] : [columns.map((column) => column.header)];
    headed = true;
    return writer.write([...header, ...rows]);
  };
}

function columnText(values: readonly unknown[]): string {
  if (values.length === 0) return '<none>';
  return values.map((value) => valueText(value as Value)).join(',');
}

/** Objects as one: the one there is, else a `List` of them. */
export function asList(objects: readonly AnyObject[], single: boolean): AnyObject {
  const [only] = objects;
  if (single && only && objects.length === 1) return only;
  return { apiVersion: 'v1', items: objects, kind: 'List', metadata: { resourceVersion: '' } };
}
