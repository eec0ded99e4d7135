import type { Clock } from '@keelson/base';
import { badRequest, methodNotSupported, notFound, parseFieldSelector, parseLabelSelector } from '@keelson/machinery';
import type { Node, Pod } from '@keelson/types';
import { type Measured, podUsage, usageOf } from '../usage/window.ts';
import { apiVersion, group, type NodeMetrics, nodeMetrics, type PodMetrics, podMetrics } from './objects.ts';
import { type MetricsRequest, negotiate } from './request.ts';
import { metricsTable } from './table.ts';

/** What metrics are made of: the objects they are about, and what was measured. */
export interface Source {
  nodes(): readonly Node[];
  /** Of a namespace, or all. */
  pods(namespace: string): readonly Pod[];
  measured(): Measured;
  readonly clock: Clock;
}

type Metrics = NodeMetrics | PodMetrics;

/** The answer to an authorised request. @throws StatusError NotFound, MethodNotAllowed, BadRequest, NotAcceptable. */
export function answerMetrics(source: Source, request: MetricsRequest, accept: string): object {
  const { verb, resource, name } = request;
  if (verb !== 'get' && verb !== 'list') throw methodNotSupported({ group, resource }, verb);
  const { table } = negotiate(accept);
  const kind = resource === 'nodes' ? 'NodeMetrics' : 'PodMetrics';
  const items = name === '' ? listed(source, request) : [one(source, request)];
  if (table) return metricsTable(items, table);
  if (name === '') return { kind: `${kind}List`, apiVersion, metadata: {}, items };
  return { kind, apiVersion, ...items[0] };
}

function one(source: Source, request: MetricsRequest): Metrics {
  const { resource, namespace, name } = request;
  const found = objectsOf(source, request).find(({ metadata }) => metadata.name === name);
  const shown = resource === 'pods' ? `${namespace}/${name}` : name;
  if (!found) throw notFound({ group: '', resource }, shown);
  const metrics = metricsOf(source, request, found);
  if (!metrics) throw notFound({ group, resource: resource === 'nodes' ? 'nodemetrics' : 'podmetrics' }, shown);
  return metrics;
}

function listed(source: Source, request: MetricsRequest): Metrics[] {
  const { labels, fields } = selectors(request.query);
  return objectsOf(source, request)
    .filter(({ metadata }) => labels.matches(metadata.labels ?? {}))
    .filter(({ metadata }) => fields.matches({ 'metadata.name': metadata.name ?? '', 'metadata.namespace': metadata.namespace ?? '' }))
    .flatMap((object) => metricsOf(source, request, object) ?? [])
    .sort((a, b) => compare(sortKey(a), sortKey(b)));
}

function selectors(query: URLSearchParams) {
  try {
    return { labels: parseLabelSelector(query.get('labelSelector') ?? ''), fields: parseFieldSelector(query.get('fieldSelector') ?? '') };
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function objectsOf(source: Source, { resource, namespace }: MetricsRequest): readonly (Node | Pod)[] {
  return resource === 'nodes' ? source.nodes() : source.pods(namespace);
}

/** Undefined while too little was measured. */
function metricsOf({ measured, clock }: Source, { resource }: MetricsRequest, object: Node | Pod): Metrics | undefined {
  const { name = '', namespace = '' } = object.metadata;
  if (resource === 'pods') {
    const usages = podUsage(measured().pods.get(`${namespace}/${name}`));
    return usages && podMetrics(object, usages, clock.now());
  }
  const window = measured().nodes.get(name);
  const usage = window && usageOf(window);
  return usage && nodeMetrics(object, usage, clock.now());
}

function sortKey({ metadata }: Metrics): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
