import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { silentLogger } from '@keelson/base';
import { readText } from '@keelson/client';
import { eventually, SimulatedClock } from '@keelson/testing';
import type { SelfSubjectRulesReview, SubjectAccessReview, TokenReview } from '@keelson/types';
import { Registry as Metrics } from 'prom-client';
import { type Fixture, startServer, testIssuer } from '../testing/fixture.ts';
import { TestIssuer } from '../testing/issuer.ts';
import { Reviewer } from '../testing/reviewer.ts';
import { type AuthenticationSettings, configureAuthentication } from './configure-authentication.ts';
import { configureAuthorization } from './configure-authorization.ts';

let folder: string;
let issuer: TestIssuer;
let reviewer: Reviewer;
let clock: SimulatedClock;
let stop: AbortController;
let server: Fixture | undefined;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keelson-auth-'));
  [issuer, reviewer] = await Promise.all([TestIssuer.start(), Reviewer.start()]);
  await write('webhook.kubeconfig', reviewer.kubeconfig);
});
beforeEach(() => {
  clock = new SimulatedClock();
  stop = new AbortController();
  reviewer.seen.length = 0;
});
afterEach(async () => {
  stop.abort();
  await server?.close();
  server = undefined;
});
after(async () => {
  issuer.close();
  reviewer.close();
  await rm(folder, { recursive: true });
});

async function write(name: string, content: string | object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const around = () => ({ clock, log: silentLogger, metrics: new Metrics(), signal: stop.signal });

async function start(settings: Partial<AuthenticationSettings>): Promise<Fixture> {
  const oidc = {
    ...{ issuerURL: '', clientID: '', usernameClaim: 'sub', usernamePrefix: '', groupsClaim: '', groupsPrefix: '' },
    ...{ requiredClaims: [], signingAlgorithms: ['RS256'], ca: undefined },
  };
  const webhook = { configFile: '', version: 'v1', life: 120_000 };
  const usual = { configFile: '', anonymous: true, alwaysAllow: false, tokenFile: '', oidc, webhook };
  const authentication = await configureAuthentication({ ...usual, audiences: [testIssuer], issuers: [testIssuer], ...settings }, around());
  server = await startServer({ clock, authentication: { anonymous: authentication.anonymous, otherTokens: authentication.tokens } });
  return server;
}

/** Whom the bearer of a token is taken for, or the status. */
async function who({ sendAnonymous }: Fixture, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await sendAnonymous('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, headers);
  if (answer.status !== 201) return String(answer.status);
  const { username, groups } = answer.json<{ status: { userInfo: { username: string; groups: string[] } } }>().status.userInfo;
  return `${username} ${groups.join(',')}`;
}

test('a file of tokens', async () => {
  const csv = 'abc,jane,7,"devs,ops"\n\n"quo""ted",joe,8\n,nobody,9\n';
  const fixture = await start({ tokenFile: await write('tokens.csv', csv) });
  assert.equal(await who(fixture, 'abc'), 'jane devs,ops,system:authenticated');
  assert.equal(await who(fixture, 'quo"ted'), 'joe system:authenticated');
  for (const token of ['abd', 'jane', 'ab', 'abcd']) assert.equal(await who(fixture, token), '401', token);
  const review = async (spec: object) =>
    (await fixture.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec })).json<TokenReview>().status;
  assert.deepEqual((await review({ token: 'abc' }))?.audiences, [testIssuer]);
  assert.deepEqual(await review({ token: 'abc', audiences: ['vault'] }), { user: {}, error: 'invalid bearer token' });
  const short = await write('short.csv', 'abc,jane\n');
  await assert.rejects(start({ tokenFile: short }), {
    message: `token file '${short}' must have at least 3 columns (token, user name, user uid), found 2`,
  });
});

test('who shows nothing: nowhere, or where the file says', async () => {
  const nowhere = await start({ anonymous: false });
  assert.equal((await nowhere.sendAnonymous('GET', '/livez')).status, 401);
  await nowhere.close();
  const anonymous = { enabled: true, conditions: [{ path: '/livez' }] };
  const file = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', anonymous };
  const fixture = await start({ configFile: await write('anonymous.yaml', file) });
  const status = async (path: string) => (await fixture.sendAnonymous('GET', path)).status;
  assert.deepEqual(
    [await status('/livez'), await status('/livez/etcd'), await status('/version'), await status('/api')],
    [200, 401, 401, 401],
  );
});

test('where everything is allowed, who shows nothing is let in only if the file says so', async () => {
  const nowhere = await start({ alwaysAllow: true });
  assert.equal((await nowhere.sendAnonymous('GET', '/livez')).status, 401);
  await nowhere.close();
  const file = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', anonymous: { enabled: true } };
  const fixture = await start({ alwaysAllow: true, configFile: await write('everyone.yaml', file) });
  assert.equal((await fixture.sendAnonymous('GET', '/livez')).status, 200);
});

test('without a word on it, who shows nothing sees health and the version, and no more', async () => {
  const fixture = await start({});
  const status = async (path: string) => (await fixture.sendAnonymous('GET', path)).status;
  for (const path of ['/healthz', '/livez', '/readyz', '/version', '/version/']) assert.equal(await status(path), 200, path);
  for (const path of [
    '/',
    '/api',
    '/apis',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/livez/etcd',
    '/openid/v1/jwks',
    '/.well-known/openid-configuration',
    '/api/v1/namespaces',
    '/api/v1/namespaces/kube-public/configmaps/cluster-info',
  ])
    assert.equal(await status(path), 403, path);
});

test('issuers of a file, which changes while the server runs', async () => {
  const config = (prefix: string, more: object = {}) => ({
    ...{ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' },
    jwt: [
      {
        issuer: { url: issuer.url, audiences: ['kubernetes'], certificateAuthority: issuer.ca.certPem },
        claimMappings: { username: { claim: 'sub', prefix } },
        ...more,
      },
    ],
  });
  const configFile = await write('issuers.yaml', config('one:'));
  const fixture = await start({ configFile });
  const token = await issuer.sign({ sub: 'jane' }, clock.now());
  assert.equal(await who(fixture, token), 'one:jane system:authenticated');
  const becomes = async (expected: string): Promise<void> => {
    await eventually(async () => {
      await clock.advance(60_000);
      return (await who(fixture, token)) === expected;
    });
  };
  await write('issuers.yaml', config('two:'));
  await becomes('two:jane system:authenticated');
  await write('issuers.yaml', config('three:', { nonsense: 1 }));
  await clock.advance(120_000);
  assert.equal(await who(fixture, token), 'two:jane system:authenticated', 'what held before holds on');
  await write('issuers.yaml', { ...config('x'), jwt: [] });
  await becomes('401');
});

test('an issuer by flags', async () => {
  const oidc = {
    ...{
      issuerURL: issuer.url,
      clientID: 'kubernetes',
      usernameClaim: 'sub',
      usernamePrefix: '',
      groupsClaim: 'groups',
      groupsPrefix: 'id:',
    },
    ...{ requiredClaims: ['hd=x'], signingAlgorithms: ['RS256'], ca: issuer.ca.certPem },
  };
  const fixture = await start({ oidc });
  const sign = (claims: object) => issuer.sign({ sub: 'jane', ...claims }, clock.now());
  assert.equal(await who(fixture, await sign({ hd: 'x', groups: ['a'] })), `${issuer.url}#jane id:a,system:authenticated`);
  assert.equal(await who(fixture, await sign({ hd: 'y' })), '401');
  await fixture.close();
  await assert.rejects(start({ oidc, configFile: join(folder, 'issuers.yaml') }), {
    message: 'authentication-config file and oidc-* flags are mutually exclusive',
  });
  await assert.rejects(
    start({ oidc: { ...oidc, issuerURL: 'http://x' } }),
    /^Error: --oidc-issuer-url: jwt\[0\]\.issuer\.url: Invalid value: "http:\/\/x": URL scheme must be https$/,
  );
  await assert.rejects(start({ configFile: '/absent' }), /^Error: --authentication-config: cannot read \/absent: ENOENT/);
});

test('tokens another server knows: its answers hold for a while, its failures do not', async () => {
  const fixture = await start({ webhook: { configFile: join(folder, 'webhook.kubeconfig'), version: 'v1', life: 120_000 } });
  reviewer.answer = ({ spec }) =>
    spec.token === 'good' ? { authenticated: true, user: { username: 'jane', groups: ['devs'] } } : { authenticated: false };
  for (let i = 0; i < 3; i++) assert.equal(await who(fixture, 'good'), 'jane devs,system:authenticated');
  assert.deepEqual(reviewer.seen, [
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'good', audiences: [testIssuer] } },
  ]);
  assert.equal(await who(fixture, 'bad'), '401');
  await clock.advance(121_000);
  reviewer.answer = () => 400;
  assert.equal(await who(fixture, 'good'), '401');
  reviewer.answer = () => ({ authenticated: true, user: { username: 'jane' }, audiences: ['elsewhere'] });
  assert.equal(await who(fixture, 'good'), '401', 'for somebody else');
});

const flags = { modes: [], webhookConfigFile: '', webhookVersion: 'v1', authorizedTTL: 300_000, unauthorizedTTL: 30_000 };

async function allowed({ send }: Fixture, user: string, resourceAttributes: object): Promise<string> {
  const answer = await send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    spec: { user, groups: ['g'], resourceAttributes },
  });
  const { allowed: may, denied, reason = '', evaluationError = '' } = answer.json<SubjectAccessReview>().status ?? {};
  return `${may ? 'yes' : denied ? 'denied' : 'no'} ${reason}${evaluationError}`.trim();
}

test('modes in order; system:masters in any', async () => {
  const chain = async (...modes: string[]) => {
    server = await startServer({ clock, authorization: await configureAuthorization('', { ...flags, modes }, around()) });
    return server;
  };
  const deny = await chain('AlwaysDeny');
  assert.equal(await allowed(deny, 'jane', { verb: 'get', resource: 'pods' }), 'no Everything is forbidden.');
  assert.equal((await deny.send('GET', '/api/v1/pods')).status, 200, 'an administrator');
  await deny.close();
  const all = await chain('AlwaysAllow');
  assert.equal(await allowed(all, 'jane', { verb: 'get', resource: 'secrets' }), 'yes');
  const spec = { namespace: 'default' };
  const rules = await all
    .as('jane')
    .raw({ method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', body: JSON.stringify({ spec }) });
  assert.equal(rules.status, 201);
});

test('an authorizer elsewhere: asked once, what it says holds for a while, its silence is no opinion', async () => {
  const modes = ['RBAC', 'Webhook'];
  const webhookConfigFile = join(folder, 'webhook.kubeconfig');
  server = await startServer({ clock, authorization: await configureAuthorization('', { ...flags, modes, webhookConfigFile }, around()) });
  reviewer.answer = ({ spec }) => ({ allowed: spec.user === 'jane', reason: 'so it is' });
  const pods = { verb: 'list', resource: 'pods', namespace: 'default' };
  for (let i = 0; i < 3; i++) assert.equal(await allowed(server, 'jane', pods), 'yes so it is');
  assert.deepEqual(reviewer.seen, [
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user: 'jane', groups: ['g'], resourceAttributes: pods } },
  ]);
  assert.equal(await allowed(server, 'joe', pods), 'no so it is');
  reviewer.answer = () => 400;
  assert.equal(await allowed(server, 'joe', pods), 'no so it is', 'remembered for half a minute');
  await clock.advance(31_000);
  assert.match(await allowed(server, 'joe', pods), /^no Post ".*": the server answered 400: /);
  assert.equal(await allowed(server, 'jane', pods), 'yes so it is', 'remembered for five');
  await clock.advance(300_000);
  assert.match(await allowed(server, 'jane', pods), /^no Post/);
  reviewer.answer = () => ({ allowed: true, denied: true });
  const both = 'webhook subject access review returned both allow and deny response';
  assert.equal(await allowed(server, 'jane', pods), `denied ${both}`);
  const answer = await server.transport('jane', []).send({ method: 'GET', path: '/api/v1/pods' });
  assert.equal(`${answer.status} ${await readText(answer)}`, `500 Internal Server Error: "/api/v1/pods": ${both}\n`);
});

test('selectors are passed on, from requests and from reviews', async () => {
  const webhookConfigFile = join(folder, 'webhook.kubeconfig');
  server = await startServer({
    clock,
    authorization: await configureAuthorization('', { ...flags, modes: ['Webhook', 'Node'], webhookConfigFile }, around()),
  });
  reviewer.answer = () => ({});
  await server
    .transport('jane', [])
    .send({ method: 'GET', path: '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1&labelSelector=a+in+(b,c),!d' });
  const sent = reviewer.seen[0]?.spec.resourceAttributes as Record<string, unknown>;
  assert.deepEqual(sent.fieldSelector, { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] });
  assert.deepEqual(sent.labelSelector, {
    requirements: [
      { key: 'a', operator: 'In', values: ['b', 'c'] },
      { key: 'd', operator: 'DoesNotExist' },
    ],
  });
  const kubelet = async (resourceAttributes: object) => {
    const spec = {
      user: 'system:node:n1',
      groups: ['system:nodes'],
      resourceAttributes: { verb: 'list', resource: 'pods', ...resourceAttributes },
    };
    const answer = await (server as Fixture).send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
    return answer.status === 201 ? (answer.json<SubjectAccessReview>().status?.allowed ?? false) : answer.status;
  };
  const requirements = [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }];
  assert.equal(await kubelet({}), false);
  assert.equal(await kubelet({ fieldSelector: { requirements } }), true);
  assert.equal(await kubelet({ fieldSelector: { rawSelector: 'spec.nodeName=n1' } }), true);
  assert.equal(await kubelet({ fieldSelector: { rawSelector: 'spec.nodeName=n2' } }), false);
  assert.equal(await kubelet({ fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'NotIn', values: ['n1'] }] } }), false);
  assert.equal(await kubelet({ fieldSelector: { requirements, rawSelector: 'a=b' } }), 422);
  assert.equal(await kubelet({ fieldSelector: {} }), 422);
});

test('a file of authorizers: conditions, what failure means, and change', async () => {
  const webhook = {
    ...{ timeout: '3s', subjectAccessReviewVersion: 'v1', matchConditionSubjectAccessReviewVersion: 'v1', failurePolicy: 'Deny' },
    ...{ cacheAuthorizedRequests: false, cacheUnauthorizedRequests: false },
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: join(folder, 'webhook.kubeconfig') },
    matchConditions: [
      { expression: 'has(request.resourceAttributes)' },
      { expression: "request.resourceAttributes.namespace == 'kube-system'" },
    ],
  };
  const file = (...authorizers: object[]) => ({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers,
  });
  const path = await write('authorizers.yaml', file({ type: 'Webhook', name: 'guard', webhook }, { type: 'AlwaysAllow', name: 'all' }));
  const fixture = await startServer({ clock, authorization: await configureAuthorization(path, flags, around()) });
  server = fixture;
  reviewer.answer = ({ spec }) => ({ denied: spec.user === 'joe', reason: 'guarded' });
  const inSystem = { verb: 'get', resource: 'pods', namespace: 'kube-system' };
  assert.equal(await allowed(fixture, 'joe', { ...inSystem, namespace: 'default' }), 'yes');
  assert.equal(reviewer.seen.length, 0, 'a condition kept it from being asked');
  assert.equal(await allowed(fixture, 'joe', inSystem), 'denied guarded');
  assert.equal(await allowed(fixture, 'jane', inSystem), 'yes');
  reviewer.answer = () => 400;
  assert.match(await allowed(fixture, 'jane', inSystem), /^denied Post ".*": the server answered 400: /);
  const asJane = { method: 'GET' as const, path: '/api/v1/namespaces/kube-system/pods' };
  const failed = await fixture.transport('jane', []).send(asJane);
  assert.match(
    `${failed.status} ${await readText(failed)}`,
    /^500 Internal Server Error: "\/api\/v1\/namespaces\/kube-system\/pods": Post "/,
  );
  await write('authorizers.yaml', file({ type: 'RBAC', name: 'rbac' }));
  await eventually(async () => {
    await clock.advance(60_000);
    return (await allowed(fixture, 'joe', { ...inSystem, namespace: 'default' })) === 'no';
  });
  await assert.rejects(
    configureAuthorization(path, { ...flags, modes: ['RBAC'] }, around()),
    /--authorization-config can not be specified when --authorization-mode/,
  );
  await assert.rejects(
    configureAuthorization(await write('bad.yaml', 'x: y'), flags, around()),
    /^Error: --authorization-config .*bad\.yaml: expected AuthorizationConfiguration, got no kind$/,
  );
});

test('own rules: what an authorizer cannot list is said to be missing', async () => {
  const webhookConfigFile = join(folder, 'webhook.kubeconfig');
  server = await startServer({
    clock,
    authorization: await configureAuthorization('', { ...flags, modes: ['Node', 'RBAC', 'Webhook'], webhookConfigFile }, around()),
  });
  reviewer.answer = () => ({ allowed: true });
  const review = async (name: string, groups: string[]) => {
    const request = {
      method: 'POST' as const,
      path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      body: JSON.stringify({ spec: { namespace: 'default' } }),
    };
    const response = await (server as Fixture).transport(name, groups).send(request);
    return (JSON.parse(await readText(response)) as SelfSubjectRulesReview).status;
  };
  const status = await review('system:node:n1', ['system:nodes', 'system:authenticated']);
  assert.equal(status?.incomplete, true);
  assert.equal(
    status?.evaluationError,
    'node authorizer does not support user rule resolution, webhook authorizer does not support user rule resolution',
  );
  assert.ok(status?.nonResourceRules.some(({ nonResourceURLs }) => nonResourceURLs?.includes('/api')));
  assert.equal((await review('jane', []))?.evaluationError, 'webhook authorizer does not support user rule resolution');
});
