/** Subresources of `nodes` by path, as Kubernetes' node authorizer attributes; the fine ones of 1.36 fall back to `proxy`. */
const bySegment = new Map([
  ['stats', 'stats'],
  ['metrics', 'metrics'],
  ['logs', 'log'],
  ['checkpoint', 'checkpoint'],
]);
const fine = new Map([
  ['pods', 'pods'],
  ['runningpods', 'pods'],
  ['healthz', 'healthz'],
  ['configz', 'configz'],
  ['statusz', 'statusz'],
]);

const verbs = new Map([
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/** What a caller of the kubelet must be allowed, any one of them. `nodeName`: this node. */
export function accessFor(method: string, path: string, nodeName: string): readonly Readonly<Record<string, string>>[] {
  const [, segment = ''] = path.split('/');
  const base = { verb: verbs.get(method) ?? 'get', version: 'v1', resource: 'nodes', name: nodeName };
  const own = bySegment.get(segment);
  if (own) return [{ ...base, subresource: own }];
  const narrow = fine.get(segment);
  const proxy = { ...base, subresource: 'proxy' };
  return narrow ? [{ ...base, subresource: narrow }, proxy] : [proxy];
}
