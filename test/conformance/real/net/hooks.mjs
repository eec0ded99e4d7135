/*
 * What an API server asks of others: webhooks, and a server of its own resources behind an APIService. GROUP_VERSION says which. As
 * Kubernetes' sample server does, that one believes only the front proxy, whose authority it reads from the cluster, and lets the cluster
 * decide who may do what.
 */
import { readFileSync } from 'node:fs';
import { request as ask, createServer } from 'node:https';

const { CERT: cert, KEY: key, PORT = '8443', GROUP_VERSION = '', KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env;
const folder = '/var/run/secrets/kubernetes.io/serviceaccount';

function cluster(method, path, body) {
  const headers = { authorization: `Bearer ${readFileSync(`${folder}/token`, 'utf8')}`, 'content-type': 'application/json' };
  const options = {
    host: KUBERNETES_SERVICE_HOST,
    port: KUBERNETES_SERVICE_PORT,
    method,
    path,
    headers,
    ca: readFileSync(`${folder}/ca.crt`),
  };
  return new Promise((done, fail) => {
    const asked = ask(options, async (response) => {
      const text = await textOf(response);
      if (response.statusCode < 300) done(JSON.parse(text));
      else fail(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
    });
    asked.on('error', fail).end(body && JSON.stringify(body));
  });
}

async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const denied = (message) => ({ allowed: false, status: { message } });
const hooks = {
  '/always-deny': () => denied('this webhook denies all requests'),
  '/configmaps': ({ object }) =>
    object?.data?.['webhook-e2e-test'] === 'webhook-disallow' ? denied('the configmap contains unwanted key and value') : { allowed: true },
  '/crdconvert': ({ desiredAPIVersion, objects }) => ({
    result: { status: 'Success' },
    convertedObjects: objects.map((object) => convert(object, desiredAPIVersion)),
  }),
};

/** `hostPort` in v1 is `host` and `port` in v2. */
function convert({ hostPort, host, port, ...rest }, apiVersion) {
  if (!apiVersion.endsWith('/v2')) return { ...rest, apiVersion, hostPort: `${host}:${port}` };
  const [first, second] = hostPort.split(':');
  return { ...rest, apiVersion, host: first, port: second };
}

const failure = (code, reason, message = reason) => [
  code,
  { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message },
];
const flunders = new Map();
const verbs = ['create', 'delete', 'get', 'list'];
const resources = [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs }];
const [group, version] = GROUP_VERSION.split('/');

async function serveResources(request, text) {
  if (!request.socket.authorized) return failure(401, 'Unauthorized', String(request.socket.authorizationError));
  const user = request.headers['x-remote-user'];
  const { pathname } = new URL(request.url, 'https://flunders');
  if (pathname === `/apis/${GROUP_VERSION}`)
    return [200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: GROUP_VERSION, resources }];
  const [, namespace, name = ''] = /\/namespaces\/([^/]+)\/flunders(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (!namespace) return failure(404, 'NotFound');
  const verb = { POST: 'create', DELETE: 'delete', GET: name ? 'get' : 'list' }[request.method] ?? 'patch';
  const groups = [request.headers['x-remote-group']].flat().flatMap((each) => each?.split(', ') ?? []);
  const spec = { user, groups, resourceAttributes: { namespace, verb, group, version, resource: 'flunders', name } };
  const review = await cluster('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
  if (!review.status.allowed) return failure(403, 'Forbidden', `${user} may not ${verb} flunders`);
  return act[verb](namespace, name, text && JSON.parse(text));
}

const act = {
  create(namespace, _, object) {
    flunders.set(`${namespace}/${object.metadata.name}`, { ...object, metadata: { ...object.metadata, namespace } });
    return [201, flunders.get(`${namespace}/${object.metadata.name}`)];
  },
  list(namespace) {
    const items = [...flunders.values()].filter(({ metadata }) => metadata.namespace === namespace);
    return [200, { kind: 'FlunderList', apiVersion: GROUP_VERSION, metadata: { resourceVersion: '1' }, items }];
  },
  get: (namespace, name) => (flunders.has(`${namespace}/${name}`) ? [200, flunders.get(`${namespace}/${name}`)] : failure(404, 'NotFound')),
  delete(namespace, name) {
    const found = act.get(namespace, name);
    flunders.delete(`${namespace}/${name}`);
    return found;
  },
};

async function answer(request, response) {
  const text = await textOf(request);
  const { pathname } = new URL(request.url, 'https://hooks');
  const hook = hooks[pathname];
  const said = async () => {
    if (pathname === '/readyz') return [200, {}];
    if (!hook) return serveResources(request, text);
    const { apiVersion, kind, request: asked } = JSON.parse(text);
    return [200, { apiVersion, kind, response: { uid: asked.uid, ...hook(asked) } }];
  };
  const [status, body] = await said().catch((error) => failure(500, 'InternalError', error.message));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

let trust = {};
if (GROUP_VERSION) {
  const { data } = await cluster('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication');
  trust = { requestCert: true, rejectUnauthorized: false, ca: data['requestheader-client-ca-file'] };
}
createServer({ cert, key, ...trust }, answer).listen(Number(PORT), '::');
process.on('SIGTERM', () => process.exit(0));
