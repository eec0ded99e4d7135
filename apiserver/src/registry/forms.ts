import type { KubeObject } from '@keelson/client';
import { badRequest, goQuote, notAcceptableForm, type StatusError } from '@keelson/machinery';
import type { Table, TableColumnDefinition, TableRow } from '@keelson/types';
import type { Form } from '../http/negotiate.ts';
import { defaultColumns } from '../kinds/columns.ts';
import type { Column } from '../kinds/types.ts';
import type { KindStore } from './kind-store.ts';
import type { ListPage } from './read.ts';
import { fromStored, servedBytes } from './versions.ts';
import { plainObjects, type Representation } from './watchers.ts';
import { encodeEvent } from './wire.ts';

/** One object's bytes in the form the client asked for. @throws StatusError NotAcceptable where that is a form of lists. */
export function convert(store: KindStore, form: Form, wire: Buffer, query: URLSearchParams, now: number): Buffer {
  if (form.as === 'Object') return servedBytes(store, wire);
  if (form.as === 'PartialObjectMetadataList') throw notAList(goTypeOf(store));
  const object = JSON.parse(wire.toString()) as KubeObject;
  if (form.as === 'PartialObjectMetadata') return toBytes(metadataOnly(fromStored(store, object), form.version));
  const { resourceVersion } = object.metadata;
  return toBytes(table(store, form, { resourceVersion }, [object], query, now, true));
}

/** A page of a list as a Table or a PartialObjectMetadataList. @throws StatusError NotAcceptable where a form of single objects is asked for. */
export function convertList(store: KindStore, form: Form, page: ListPage, query: URLSearchParams, now: number): Buffer {
  if (form.as === 'PartialObjectMetadata')
    throw notAcceptableForm(`you requested PartialObjectMetadata, but the requested object is a list (${goTypeOf(store)}List)`);
  const { resourceVersion, continue: next, remainingItemCount } = page;
  const metadata = { resourceVersion, continue: next, remainingItemCount };
  const objects = page.entries.map(({ wire }) => JSON.parse(wire.toString()) as KubeObject);
  if (form.as === 'Table') return toBytes(table(store, form, metadata, objects, query, now, true));
  const items = objects.map((object) => metadataOnly(fromStored(store, object), form.version));
  return toBytes({ kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.version}`, metadata, items });
}

function notAList(type: string): StatusError {
  return notAcceptableForm(`you requested PartialObjectMetadataList, but the requested object is not a list (${type})`);
}

/** What objects of a kind are upstream. */
function goTypeOf({ kind: { group, kind }, isCustom }: KindStore): string {
  return isCustom ? '*unstructured.Unstructured' : `*${group.split('.')[0] || 'core'}.${kind}`;
}

/** How a watch's objects are encoded; clients that ask for the same form share the bytes. Tables carry columns in their first event only. */
export function representation(store: KindStore, form: Form, query: URLSearchParams, now: () => number): Representation {
  if (form.as === 'Object') return store.hub === store ? plainObjects : servedObjects(store);
  const include = form.as === 'Table' ? includeOf(query) : '';
  let first = true;
  const encode = (wire: Buffer): Buffer => {
    const object = JSON.parse(wire.toString()) as KubeObject;
    if (form.as !== 'Table') return toBytes(metadataOnly(fromStored(store, object), form.version));
    const withColumns = first;
    first = false;
    return toBytes(table(store, form, { resourceVersion: object.metadata.resourceVersion }, [object], query, now(), withColumns));
  };
  const name = form.as === 'Table' ? `${form.as}/${form.version}/${include}/${nextTable++}` : `${form.as}/${form.version}`;
  return { name: store.hub === store ? name : `${store.kind.apiVersion} ${name}`, encode, frame: encodeEvent };
}

function servedObjects(store: KindStore): Representation {
  return { name: store.kind.apiVersion, encode: (wire) => servedBytes(store, wire), frame: encodeEvent };
}

/** Whether a Table watcher has seen its columns is its own, so Table frames are not shared. */
let nextTable = 0;

function metadataOnly(object: KubeObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

/** A version without columns of its own shows what the stored one shows. */
function table(
  store: KindStore,
  form: Form,
  metadata: Table['metadata'],
  objects: readonly KubeObject[],
  query: URLSearchParams,
  now: number,
  withColumns: boolean,
): Table {
  const columns = store.definition.columns ?? store.hub.definition.columns ?? defaultColumns;
  const include = includeOf(query);
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata,
    columnDefinitions: withColumns ? columns.map(columnDefinition) : [],
    rows: objects.map((object) => row(store, columns, object, include, form.version, now)),
  };
}

/** What of its object each row of a table carries. @throws StatusError BadRequest for anything but the three there are. */
function includeOf(query: URLSearchParams): string {
  const include = query.get('includeObject') || 'Metadata';
  if (include === 'None' || include === 'Metadata' || include === 'Object') return include;
  throw badRequest(`includeObject: Invalid value: ${goQuote(include)}: must be 'Metadata', 'Object', 'None', or empty`);
}

function columnDefinition({ name, type, format = '', description = '', priority = 0 }: Column<never>): TableColumnDefinition {
  return { name, type, format, description, priority };
}

function row(
  store: KindStore,
  columns: readonly Column<KubeObject>[],
  stored: KubeObject,
  include: string,
  version: string,
  now: number,
): TableRow {
  const object = fromStored(store, stored);
  const shown = columns === store.definition.columns ? object : stored;
  const cells = columns.map((column) => column.cell(shown, now));
  return { cells, ...included(object, include, version) };
}

function included(object: KubeObject, include: string, version: string): { object?: object } {
  if (include === 'None') return {};
  return { object: include === 'Object' ? object : metadataOnly(object, version) };
}

/** An object that is a view of another and stored nowhere, in the form the client asked for. */
export function convertView<T extends KubeObject>(
  columns: readonly Column<T>[],
  form: Form,
  view: T,
  { query, now }: { readonly query: URLSearchParams; readonly now: number },
): object {
  if (form.as === 'Object') return view;
  if (form.as === 'PartialObjectMetadata') return metadataOnly(view, form.version);
  if (form.as === 'PartialObjectMetadataList') throw notAList(`*v1.${view.kind}`);
  const row = {
    cells: columns.map((column) => column.cell(view, now)),
    ...included(view, includeOf(query), form.version),
  };
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata: { resourceVersion: view.metadata.resourceVersion },
    columnDefinitions: columns.map(columnDefinition),
    rows: [row],
  };
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
