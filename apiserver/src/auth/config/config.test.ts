import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAuthenticationConfig } from './authentication.ts';
import { parseAuthorizationConfig } from './authorization.ts';
import { authorizersFromFlags } from './authorization-flags.ts';
import { jwtFromFlags, type OidcFlags } from './oidc-flags.ts';

const own = 'https://kubernetes.default.svc.cluster.local';

/** What is said of a file with this one authenticator; empty when nothing is wrong. */
function problem(jwt: object, more: object = {}): string {
  const file = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: [jwt], ...more };
  return messageOf(() => parseAuthenticationConfig(JSON.stringify(file), [own]));
}

function messageOf(parse: () => unknown): string {
  try {
    parse();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const issuer = { url: 'https://id.example.com', audiences: ['k8s'] };
const claimMappings = { username: { claim: 'sub', prefix: '' } };
const jwt = { issuer, claimMappings };

test('a file names issuers and what their claims mean', () => {
  const text = `
apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: https://id.example.com
    discoveryURL: https://internal.example.com/.well-known/openid-configuration
    audiences: [a, b]
    audienceMatchPolicy: MatchAny
  claimValidationRules:
  - {claim: hd, requiredValue: example.com}
  - {expression: 'claims.exp - claims.nbf <= 86400', message: too long}
  claimMappings:
    username: {expression: 'claims.username + ":external"'}
    groups: {claim: groups, prefix: 'id:'}
    uid: {claim: sub}
    extra: [{key: example.com/tenant, valueExpression: claims.tenant}]
  userValidationRules:
  - {expression: "!user.username.startsWith('system:')", message: reserved}
anonymous: {enabled: true, conditions: [{path: /livez}, {path: /readyz}]}
`;
  const config = parseAuthenticationConfig(text, [own]);
  assert.deepEqual(config.anonymous, { enabled: true, paths: ['/livez', '/readyz'] });
  assert.equal(config.jwt[0]?.claimMappings.extra?.[0]?.key, 'example.com/tenant');
  assert.equal(problem(jwt), '');
});

test('what is wrong with a file is said in one sentence', () => {
  const wrong: readonly (readonly [string, object, string])[] = [
    ['no url', { ...jwt, issuer: { audiences: ['a'] } }, 'jwt[0].issuer.url: Required value'],
    ['http', { ...jwt, issuer: { ...issuer, url: 'http://x' } }, 'jwt[0].issuer.url: Invalid value: "http://x": URL scheme must be https'],
    [
      'our own issuer',
      { ...jwt, issuer: { ...issuer, url: own } },
      `jwt[0].issuer.url: Invalid value: "${own}": URL must not overlap with disallowed issuers: [${own}]`,
    ],
    [
      'no audience',
      { ...jwt, issuer: { url: issuer.url } },
      'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
    ],
    [
      'two audiences',
      { ...jwt, issuer: { ...issuer, audiences: ['a', 'b'] } },
      'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
    ],
    [
      'no authority',
      { ...jwt, issuer: { ...issuer, certificateAuthority: 'x' } },
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ],
    ['no username', { issuer, claimMappings: {} }, 'jwt[0].claimMappings.username: Required value: claim or expression is required'],
    [
      'no prefix',
      { issuer, claimMappings: { username: { claim: 'sub' } } },
      'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [
      'both',
      { issuer, claimMappings: { username: { claim: 'a', prefix: '', expression: 'claims.b' } } },
      'jwt[0].claimMappings.username: Invalid value: "": claim and expression can\'t both be set',
    ],
    [
      'an unproven address',
      { issuer, claimMappings: { username: { expression: 'claims.email' } } },
      'jwt[0].claimMappings.username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ],
    [
      'a reserved key',
      { issuer, claimMappings: { ...claimMappings, extra: [{ key: 'x.k8s.io/a', valueExpression: 'claims.a' }] } },
      'jwt[0].claimMappings.extra[0].key: Invalid value: "x.k8s.io/a": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    ],
    [
      'a rule of both kinds',
      {
        ...jwt,
        claimValidationRules: [
          { claim: 'a', message: 'm' },
          { expression: 'true', requiredValue: 'v' },
        ],
      },
      '[jwt[0].claimValidationRules[0].message: Invalid value: "m": may not be specified when claim is set, jwt[0].claimValidationRules[1].requiredValue: Invalid value: "v": may not be specified when expression is set]',
    ],
    [
      'a prefix that means nothing',
      { issuer, claimMappings: { username: { expression: 'claims.a', prefix: '' } } },
      'jwt[0].claimMappings.username.prefix: Invalid value: "": may not be specified when expression is set',
    ],
    ['no rule', { ...jwt, claimValidationRules: [{}] }, 'jwt[0].claimValidationRules[0]: Required value: claim or expression is required'],
    ['an unknown field', { ...jwt, audience: 'x' }, 'strict decoding error: unknown field "jwt[0].audience"'],
    ['a wrong type', { ...jwt, issuer: { ...issuer, audiences: 'a' } }, 'strict decoding error: jwt[0].issuer.audiences: must be a list'],
  ];
  for (const [name, config, message] of wrong) assert.equal(problem(config), message, name);
  const ruleProblem = (expression: string) => problem({ ...jwt, claimValidationRules: [{ expression }] });
  for (const expression of ['claims.', 'user.username', 'claims.a +'])
    assert.match(
      ruleProblem(expression),
      /^jwt\[0\]\.claimValidationRules\[0\]\.expression: Invalid value: ".*": compilation failed: ERROR: <input>:1:/,
    );
  for (const expression of ['1 + 1', 'claims.a', 'claims'])
    assert.equal(
      ruleProblem(expression),
      `jwt[0].claimValidationRules[0].expression: Invalid value: "${expression}": must evaluate to bool`,
      'who is not known to be true is no rule',
    );
  const misspelt = problem({ ...jwt, userValidationRules: [{ expression: 'user.name == "a"' }] });
  assert.match(misspelt, /userValidationRules\[0\]\.expression: .*: compilation failed: ERROR: <input>:1:5: undefined field 'name'/);
  const twice = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: [jwt, jwt] };
  assert.match(
    messageOf(() => parseAuthenticationConfig(JSON.stringify(twice), [])),
    /^jwt\[1\]\.issuer\.url: Duplicate value: "https:\/\/id\.example\.com"$/,
  );
  const conditions = [{ path: '/x' }];
  assert.match(
    problem(jwt, { anonymous: { enabled: false, conditions } }),
    /^anonymous\.conditions: Invalid value: .*: enabled should be set to true when conditions are defined$/,
  );
});

test('a file of another kind, version or form', () => {
  const parse = (text: string) => messageOf(() => parseAuthenticationConfig(text, []));
  assert.match(parse(''), /^no AuthenticationConfiguration found/);
  assert.match(parse('kind: Pod\napiVersion: v1'), /^expected AuthenticationConfiguration, got "Pod"$/);
  assert.match(
    parse('kind: AuthenticationConfiguration\napiVersion: apiserver.config.k8s.io/v2'),
    /^no kind "AuthenticationConfiguration" is registered for version/,
  );
  assert.match(parse('a: ['), /^error converting YAML to JSON: yaml: /);
  assert.match(
    parse('kind: AuthenticationConfiguration\napiVersion: apiserver.config.k8s.io/v1\njwt: []\njwt: []'),
    /key "jwt" already set/,
  );
});

const flags: OidcFlags = {
  ...{ issuerURL: '', clientID: '', usernameClaim: 'sub', usernamePrefix: '', groupsClaim: '', groupsPrefix: '' },
  ...{ requiredClaims: [], signingAlgorithms: ['RS256'], ca: undefined },
};

test('the flags of one issuer', () => {
  assert.equal(jwtFromFlags(flags), undefined);
  const both = { ...flags, issuerURL: 'https://id', clientID: 'k8s' };
  const username = (more: Partial<OidcFlags>) => jwtFromFlags({ ...both, ...more })?.claimMappings.username;
  assert.deepEqual(username({}), { claim: 'sub', prefix: 'https://id#' });
  assert.deepEqual(username({ usernameClaim: 'email' }), { claim: 'email', prefix: '' });
  assert.deepEqual(username({ usernamePrefix: '-' }), { claim: 'sub', prefix: '' });
  assert.deepEqual(username({ usernamePrefix: 'id:' }), { claim: 'sub', prefix: 'id:' });
  assert.deepEqual(jwtFromFlags({ ...both, requiredClaims: ['a=b=c'] })?.claimValidationRules, [{ claim: 'a', requiredValue: 'b=c' }]);
  const message = 'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set';
  assert.throws(() => jwtFromFlags({ ...flags, issuerURL: 'https://id' }), { message });
  assert.throws(() => jwtFromFlags({ ...both, requiredClaims: ['a'] }), {
    message: '--oidc-required-claim: "a" must be formatted as key=value',
  });
  for (const algorithm of ['none', 'HS256', 'rs256'])
    assert.throws(() => jwtFromFlags({ ...both, signingAlgorithms: [algorithm] }), /unsupported signing algorithm/);
});

const webhook = {
  ...{ timeout: '3s', subjectAccessReviewVersion: 'v1', matchConditionSubjectAccessReviewVersion: 'v1', failurePolicy: 'Deny' },
  connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: import.meta.filename },
  matchConditions: [{ expression: "request.resourceAttributes.namespace == 'kube-system'" }],
};

test('a chain of authorizers as a file has it', () => {
  const parse = (...authorizers: object[]) =>
    parseAuthorizationConfig(JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers }));
  const [first, second] = parse(
    { type: 'Webhook', name: 'w', webhook: { ...webhook, authorizedTTL: '10s', cacheUnauthorizedRequests: false } },
    { type: 'RBAC', name: 'r' },
  );
  assert.deepEqual(second, { type: 'RBAC', name: 'r' });
  assert.ok(first?.type === 'Webhook');
  assert.deepEqual([first.webhook.authorizedLife, first.webhook.unauthorizedLife, first.webhook.timeout], [10_000, 0, 3_000]);
  const wrong: readonly (readonly [object[], string])[] = [
    [[], 'authorizers: Required value: at least one authorization mode must be defined'],
    [
      [{ type: 'ABAC', name: 'a' }],
      'authorizers[0].type: Unsupported value: "ABAC": supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    ],
    [
      [
        { type: 'RBAC', name: 'a' },
        { type: 'RBAC', name: 'b' },
      ],
      'authorizers[1].type: Duplicate value: "RBAC"',
    ],
    [[{ type: 'RBAC' }], 'authorizers[0].name: Required value'],
    [[{ type: 'Webhook', name: 'w' }], 'authorizers[0].webhook: Required value: required when type=Webhook'],
    [[{ type: 'RBAC', name: 'r', webhook }], 'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook'],
    [
      [{ type: 'Webhook', name: 'w', webhook: { ...webhook, timeout: '31s' } }],
      'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s',
    ],
    [
      [{ type: 'Webhook', name: 'w', webhook: { ...webhook, failurePolicy: 'Fail' } }],
      'authorizers[0].failurePolicy: Unsupported value: "Fail": supported values: "NoOpinion", "Deny"',
    ],
  ];
  for (const [authorizers, message] of wrong)
    assert.equal(
      messageOf(() => parse(...authorizers)),
      message,
    );
  const conditionProblem = (expression: string) =>
    messageOf(() => parse({ type: 'Webhook', name: 'w', webhook: { ...webhook, matchConditions: [{ expression }] } }));
  assert.match(conditionProblem('request.user =='), /matchConditions\[0\]\.expression: Invalid value: ".*": compilation failed/);
  assert.match(conditionProblem('request.verb == "get"'), /undefined field 'verb'/);
  assert.match(conditionProblem('request.user'), /: must evaluate to bool but got string$/);
  const away = { ...webhook, connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/no/such/file' } };
  assert.equal(
    messageOf(() => parse({ type: 'Webhook', name: 'w', webhook: away })),
    'authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "/no/such/file": error loading file: stat /no/such/file: no such file or directory',
  );
});

test('a chain of authorizers as flags have it', () => {
  const usual = { modes: [], webhookConfigFile: '', webhookVersion: 'v1beta1', authorizedTTL: 1, unauthorizedTTL: 2 };
  const types = (modes: string[], webhookConfigFile = '') =>
    authorizersFromFlags({ ...usual, modes, webhookConfigFile }).map(({ type }) => type);
  assert.deepEqual(types([]), ['Node', 'RBAC']);
  assert.deepEqual(types(['Webhook', 'Node', 'AlwaysDeny'], '/f'), ['Webhook', 'Node', 'AlwaysDeny']);
  assert.throws(() => types(['ABAC']), /"ABAC" is not a valid mode/);
  assert.throws(() => types(['RBAC', 'RBAC']), /"RBAC" is specified more than once/);
  assert.throws(() => types(['Webhook']), { message: "authorization-mode Webhook's authorization config file not passed" });
  assert.throws(() => types(['RBAC'], '/f'), { message: 'cannot specify --authorization-webhook-config-file without mode Webhook' });
});
