/** Subresources of `nodes` by path, as Kubernetes' node authorizer attributes; the fine ones of 1.36 fall back to `proxy`. */
const bySegment: Readonly<Record<string, string>> = {
  stats: 'stats',
  metrics: 'metrics',
  logs: 'log',
  spec: 'spec',
  checkpoint: 'checkpoint',
};
const fine: Readonly<Record<string, string>> = { pods: 'pods', runningpods: 'pods', healthz: 'healthz', configz: 'configz' };

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What a caller of the kubelet must be allowed, any one of them. `nodeName`: this node. */
export function accessFor(method: string, path: string, nodeName: string): readonly Readonly<Record<string, string>>[] {
  const [, segment = ''] = path.split('/');
  const base = { verb: verbs[method] ?? 'get', version: 'v1', resource: 'nodes', name: nodeName };
  const own = bySegment[segment];
  if (own) return [{ ...base, subresource: own }];
  const narrow = fine[segment];
  const proxy = { ...base, subresource: 'proxy' };
  return narrow ? [{ ...base, subresource: narrow }, proxy] : [proxy];
}
