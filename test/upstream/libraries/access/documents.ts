import { documentOf, members, oneOf, type Sketch, several } from './sketches.ts';

const config = 'apiserver.config.k8s.io/v1';
const urls = oneOf(
  ...['https://id.example.com', 'https://id.example.com/', 'http://id.example.com', 'https://u:p@id.example.com', 'https://own.example'],
  ...['https://id.example.com?a=b', 'https://id.example.com#f', 'id.example.com', '', 'https://other.example/x', 'https://own.example/y'],
);
const claims = oneOf('sub', 'email', 'groups', '');
const mappings = oneOf(
  ...['claims.sub', 'claims.email', 'claims.email_verified ? claims.email : ""', 'claims.?email.orValue("")', 'claims["email"]', ''],
  ...['user.username', '[claims.a, claims.b]', '"x:" + claims.sub', '1', 'claims.groups.map(g, "a:" + g)', 'has(claims.email)'],
);
const rules = oneOf(
  ...['claims.email_verified == true', 'claims.exp - claims.nbf <= 86400', 'claims.sub', 'true', '1 == 1 &&', '"a"', 'claims.aud in ["a"]'],
  ...['claims.?email_verified.orValue(true)', 'foo', '', 'claims.all(c, true)'],
);
const userRules = oneOf(
  ...["!user.username.startsWith('system:')", 'user.groups.all(g, g != "x")', 'user.name == "a"', 'user.uid', '', 'user.extra.size() == 0'],
);
const mapping = { claim: claims, expression: mappings };
const prefixed = members({ ...mapping, prefix: oneOf('', 'id:') });

const authenticator = members({
  issuer: members({
    ...{ url: urls, discoveryURL: urls, certificateAuthority: oneOf('', 'x') },
    audiences: several(oneOf('a', 'b', '')),
    audienceMatchPolicy: oneOf('', 'MatchAny', 'MatchAll'),
  }),
  claimValidationRules: several(members({ claim: claims, requiredValue: oneOf('', 'v'), expression: rules, message: oneOf('', 'm') })),
  claimMappings: members({
    ...{ username: prefixed, groups: prefixed, uid: members(mapping) },
    extra: several(
      members({
        key: oneOf('example.org/a', 'example.org/b', 'k8s.io/a', 'x.kubernetes.io/a', 'a', 'Example.org/a', ''),
        valueExpression: mappings,
      }),
    ),
  }),
  userValidationRules: several(members({ expression: userRules, message: oneOf('', 'm') })),
});

const webhook = members({
  ...{ timeout: oneOf('3s', '31s', '-1s', '0s', '1.5s'), authorizedTTL: oneOf('5m', '-1s', '0s'), unauthorizedTTL: oneOf('30s', '-2m') },
  ...{ subjectAccessReviewVersion: oneOf('v1', 'v1beta1', 'v2', ''), matchConditionSubjectAccessReviewVersion: oneOf('v1', 'v1beta1', '') },
  failurePolicy: oneOf('NoOpinion', 'Deny', 'Fail', ''),
  connectionInfo: members({
    type: oneOf('InClusterConfig', 'KubeConfigFile', ''),
    kubeConfigFile: oneOf('/etc/hostname', '/no/such/file', 'relative', '/etc', ''),
  }),
  matchConditions: several(
    members({
      expression: oneOf(
        ...["request.resourceAttributes.namespace == 'a'", "request.user == 'x'", 'request.user', "request.foo == 'a'", ' ', '1 +'],
        ...["has(request.resourceAttributes) && request.resourceAttributes.verb in ['get']", "'a' in request.groups", 'request.extra'],
        ...["request.resourceAttributes.fieldSelector.requirements.exists(r, r.key == 'a')"],
      ),
    }),
  ),
});
const authorizer = members({
  type: oneOf('Webhook', 'Webhook', 'RBAC', 'Node', 'ABAC', ''),
  name: oneOf('a', 'b', 'c', 'A_', ''),
  webhook,
});

const keys = members({
  keys: several(
    members({
      name: oneOf('k', ''),
      secret: oneOf(
        'c2VjcmV0IGlzIHNlY3VyZQ==',
        'c2VjcmV0IGlzIHNlY3VyZSwgb3IgaXMgaXQ/Cg==',
        'MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=',
        'no',
        '',
        'YQ==',
      ),
    }),
  ),
});
const kms = members({
  ...{ apiVersion: oneOf('v1', 'v2', 'v3'), name: oneOf('a', 'b', 'a:b', ''), cachesize: oneOf(0, 1, -1) },
  ...{ endpoint: oneOf('unix:///a.sock', 'http://x', 'unix:///@a', '', ':x'), timeout: oneOf('3s', '0s', '-1s') },
});
const provider: Sketch = (random) => {
  const all = [{ aesgcm: keys(random) }, { aescbc: keys(random) }, { secretbox: keys(random) }, { identity: {} }, { kms: kms(random) }, {}];
  const drawn = (): object => all[Math.floor(random.next() * all.length)] ?? {};
  return random.next() < 0.1 ? { ...drawn(), ...drawn() } : drawn();
};
const encrypted = oneOf(
  ...[
    'secrets',
    'configmaps',
    'secrets',
    '*.',
    '*.*',
    '*.apps',
    'deployments.apps',
    '*',
    'Secrets',
    'events.events.k8s.io',
    'a.extensions',
  ],
  ...['serviceipallocations', 'secrets.', 'pandas.*', '*.events.k8s.io', '', 'apiserveripinfo.'],
);

const stages = several(oneOf('RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic', 'Never'));
const auditRule = members({
  level: oneOf('None', 'Metadata', 'Request', 'RequestResponse', 'RequestResponse', 'All'),
  ...{ users: several(oneOf('alice', 'bob')), userGroups: several(oneOf('developers', 'operators')), verbs: several(oneOf('get', 'list')) },
  resources: several(
    members({
      group: oneOf('', 'apps', '*', 'A', 'apps/v1'),
      resources: several(oneOf('pods', 'pods/log', 'pods/*', '*/log', '*', '*/*')),
      resourceNames: several(oneOf('p', 'q')),
    }),
  ),
  ...{ namespaces: several(oneOf('a', 'b', '')), nonResourceURLs: several(oneOf('/healthz*', '*', '/version', 'x', '/a*b', '', '/a**')) },
  ...{ omitStages: stages, omitManagedFields: oneOf(true, false) },
});
/** Rules that can be read, and that fit often. */
const plainRule = members({
  ...{ users: oneOf(['alice'], []), verbs: oneOf(['get'], ['list', 'get']), namespaces: oneOf([], ['a'], ['']) },
  resources: oneOf(
    [],
    [{ group: '*' }],
    [{ group: 'apps', resources: ['*'] }],
    [{ resources: ['pods/*'], resourceNames: ['p'] }],
    [{ resources: ['*/log'] }],
  ),
  omitManagedFields: oneOf(true, false),
});
const levelled: Sketch = (random) => ({ level: oneOf('None', 'Metadata', 'Request')(random), ...(plainRule(random) as object) });

/** An issuer that most tokens are good for. */
const issuer = { url: 'https://id.example.com', audiences: ['k8s'] };
const computed = oneOf(
  ...['claims.sub', 'claims.roles', 'dyn(claims.roles).map(r, "x:" + r)', 'claims.nested.a__dot__b', 'claims["a.b"]', 'string(claims.n)'],
  ...['claims.?gone.orValue("none")', '["a", "", "b"]', '""', 'null', 'claims.n > 1.5 ? "big" : "small"', 'claims.nested', 'claims.gone'],
);
const named = oneOf('sub', 'email', 'roles', 'n', 'gone', 'nothing', 'a.b');
const prefix = oneOf('', 'id:');
const holding = oneOf(
  ...[
    'claims.n > 1.5',
    'claims.sub == "jane"',
    '"admin" in claims.roles',
    'type(claims.n) == double',
    'has(claims.gone)',
    'claims.gone == 1',
  ],
  ...['claims.nested.a__dot__b == "c"', 'claims.exp > 1', 'claims.list[0].namespace == "x"', 'claims.list[0].__namespace__ == "x"'],
);
const userHolding = oneOf(
  ...['user.username == "jane"', 'user.groups.all(g, g != "admin")', 'user.uid == ""', 'user.extra.size() > 0', 'has(user.uid)'],
  ...['"e.x/k" in user.extra', 'user.extra.e__dot__x__slash__k[0] == "jane"', 'user.extra["e.x/k"].size() == 1'],
);
const mappedBy: Sketch = (random) =>
  random.next() < 0.5 ? { claim: named(random), prefix: prefix(random) } : { expression: computed(random) };
const plainlyMappedBy: Sketch = (random) => (random.next() < 0.5 ? { claim: named(random) } : { expression: computed(random) });
const oneIssuer: Sketch = (random) => ({
  jwt: [
    {
      issuer,
      claimMappings: {
        username: random.next() < 0.6 ? { claim: 'sub', prefix: prefix(random) } : mappedBy(random),
        ...(random.next() < 0.5 ? { groups: mappedBy(random) } : {}),
        ...(random.next() < 0.3 ? { uid: plainlyMappedBy(random) } : {}),
        ...(random.next() < 0.4 ? { extra: [{ key: 'e.x/k', valueExpression: computed(random) }] } : {}),
      },
      ...(random.next() < 0.4 ? { claimValidationRules: [{ expression: holding(random), message: 'so it is' }] } : {}),
      ...(random.next() < 0.2 ? { claimValidationRules: [{ claim: named(random), requiredValue: 'jane' }] } : {}),
      ...(random.next() < 0.3 ? { userValidationRules: [{ expression: userHolding(random) }] } : {}),
    },
  ],
});

/** What a token says; of 2100, where its time is not over. */
export const claimSets: Sketch = members({
  iss: oneOf('https://id.example.com', 'https://id.example.com', 'https://id.example.com', 'https://else.example.com'),
  aud: oneOf('k8s', 'k8s', ['k8s', 'x'], ['x', 'y'], 'x'),
  exp: oneOf(4_102_444_800, 4_102_444_800, 4_102_444_800, 1_000_000_000),
  nbf: oneOf(1_000_000_000, 4_000_000_000, 1_000_000_000, 1_000_000_000),
  sub: oneOf('jane', 'jane', 7, '', null),
  email: oneOf('jane@example.com', 7),
  email_verified: oneOf(true, false, 'true', null),
  roles: oneOf(['admin', 'dev'], 'dev', [], [1], null, {}),
  n: oneOf(1, 2, 1.5, 1e21, -3),
  'a.b': oneOf('dotted'),
  nested: oneOf({ 'a.b': 'c' }, { a: 1 }, 'flat'),
  list: oneOf([{ namespace: 'x' }], []),
  nothing: oneOf(null),
  jti: oneOf('4711', '', 7),
});

/** What configures a server, as files hold it, by what reads it. */
export const documents = {
  check: [
    documentOf(config, 'AuthenticationConfiguration', members({ jwt: several(authenticator) })),
    documentOf(
      config,
      'AuthenticationConfiguration',
      members({ anonymous: members({ enabled: oneOf(true, false), conditions: several(members({ path: oneOf('/a', '') })) }) }),
    ),
    documentOf(config, 'AuthorizationConfiguration', members({ authorizers: several(authorizer) })),
    documentOf(
      config,
      'EncryptionConfiguration',
      members({ resources: several(members({ resources: several(encrypted), providers: several(provider) })) }),
    ),
  ],
  policy: [
    documentOf('audit.k8s.io/v1', 'Policy', members({ rules: several(auditRule), omitStages: stages, omitManagedFields: oneOf(true) })),
  ],
  identified: [documentOf(config, 'AuthenticationConfiguration', oneIssuer)],
  audited: [documentOf('audit.k8s.io/v1', 'Policy', members({ rules: several(levelled), omitManagedFields: oneOf(true, false) }))],
} satisfies Readonly<Record<string, readonly Sketch[]>>;

/** Requests whose audit is asked for. */
export const requests: readonly (readonly [method: string, url: string])[] = [
  ['GET', '/api/v1/namespaces/a/pods/p'],
  ['GET', '/api/v1/namespaces/a/pods/p/log'],
  ['GET', '/api/v1/pods'],
  ['GET', '/apis/apps/v1/namespaces/b/deployments/d/scale'],
  ['GET', '/healthz/etcd'],
  ['POST', '/api/v1/nodes'],
];
