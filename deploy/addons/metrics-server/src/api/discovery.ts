import { createHash } from 'node:crypto';
import { apiVersion, group, version } from './objects.ts';

const groupVersion = { groupVersion: apiVersion, version };
const apiGroup = { name: group, versions: [groupVersion], preferredVersion: groupVersion };

function resource(name: string, kind: string, namespaced: boolean): object {
  return { name, singularName: '', namespaced, kind, verbs: ['get', 'list'] };
}

const amounts = { type: 'object', additionalProperties: { type: 'string' } };
const times = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: { type: 'object' },
  timestamp: { type: 'string', format: 'date-time' },
  window: { type: 'string' },
};

function schema(kind: string, own: object): object {
  return {
    type: 'object',
    properties: { ...times, ...own },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

const container = { type: 'object', properties: { name: { type: 'string' }, usage: amounts } };
const prefix = 'io.k8s.metrics.pkg.apis.metrics.v1beta1.';
const schemas = {
  [`${prefix}NodeMetrics`]: schema('NodeMetrics', { usage: amounts }),
  [`${prefix}PodMetrics`]: schema('PodMetrics', { containers: { type: 'array', items: container } }),
};
/** What `kubectl explain` reads: which path is of which kind. */
function operation(kind: string, action: string): object {
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${prefix}${kind}` } } };
  const about = { 'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': { group, version, kind } };
  return { get: { responses: { 200: { description: 'OK', content } }, ...about } };
}

const paths = {
  [`/apis/${apiVersion}/nodes`]: operation('NodeMetrics', 'list'),
  [`/apis/${apiVersion}/nodes/{name}`]: operation('NodeMetrics', 'get'),
  [`/apis/${apiVersion}/pods`]: operation('PodMetrics', 'list'),
  [`/apis/${apiVersion}/namespaces/{namespace}/pods`]: operation('PodMetrics', 'list'),
  [`/apis/${apiVersion}/namespaces/{namespace}/pods/{name}`]: operation('PodMetrics', 'get'),
};
const info = { title: 'metrics-server', version };

const v3 = { openapi: '3.0.0', info, paths, components: { schemas } };
/** Clients keep a document for as long as its hash stays. */
const hash = createHash('sha256').update(JSON.stringify(v3)).digest('hex').toUpperCase();

/** Documents by path: what is served, and what it looks like. */
export const documents: ReadonlyMap<string, object> = new Map<string, object>([
  ['/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups: [apiGroup] }],
  [`/apis/${group}`, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup }],
  [
    `/apis/${apiVersion}`,
    {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: apiVersion,
      resources: [resource('nodes', 'NodeMetrics', false), resource('pods', 'PodMetrics', true)],
    },
  ],
  ['/openapi/v2', { swagger: '2.0', info, paths: {}, definitions: schemas }],
  ['/openapi/v3', { paths: { [`apis/${apiVersion}`]: { serverRelativeURL: `/openapi/v3/apis/${apiVersion}?hash=${hash}` } } }],
  [`/openapi/v3/apis/${apiVersion}`, v3],
]);
