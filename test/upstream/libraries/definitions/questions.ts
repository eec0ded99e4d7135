import type { Random } from '@keelson/base';

type Json = Record<string, unknown>;

/** Draws what definitions, their schemas and their objects are made of: mostly right, with something wrong now and then. */
export class Questions {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A definition with that plural, in `k.example.com` unless its group is among what is wrong. */
  definition(plural: string): Json {
    const spec: Json = {
      ...{ group: 'k.example.com', scope: this.#one(['Namespaced', 'Namespaced', 'Cluster']), names: { plural, kind: kindOf(plural) } },
      versions: this.#versions(),
    };
    const metadata: Json = { name: `${plural}.k.example.com` };
    for (const [member, values] of Object.entries(oddSpecs)) if (this.#chance(0.02)) spec[member] = this.#one(values);
    for (const [member, values] of Object.entries(oddNames))
      if (this.#chance(0.02)) spec.names = { ...(spec.names as Json), [member]: this.#one(values) };
    for (const [member, values] of Object.entries(oddMetadata)) if (this.#chance(0.01)) metadata[member] = this.#one(values);
    return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec };
  }

  /** A definition's spec that nothing is wrong with, but for its schema, which is told too. */
  served(plural: string): { spec: Json; schema: Json } {
    const schema = this.schema(0);
    const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
    const subresources = this.#one<Json>([{}, {}, { status: {} }, { scale }, { status: {}, scale }]);
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources };
    const scope = this.#one(['Cluster', 'Namespaced']);
    return { spec: { group: 'k.example.com', scope, names: { plural, kind: kindOf(plural) }, versions: [version] }, schema };
  }

  /** A merge patch that makes parts of such a definition another's. */
  change(plural: string): Json {
    const { spec } = this.definition(plural) as { spec: Json };
    return { spec: Object.fromEntries(Object.entries(spec).filter(() => this.#chance(0.4))) };
  }

  /** A path at or beside where objects of a plural are, of which there are none, and what is asked there. */
  address(plural: string): string {
    const version = this.#one(['v1', 'v1', 'v1', 'v2']);
    const place = this.#one(['', 'namespaces/default/', 'namespaces/default/', 'namespaces/none/', 'proxy/']);
    const below = this.#one(['', '', '/', '/a', '/a/status', '/a/scale', '/a/odd', '/a/status/more', '//status']);
    return `/apis/k.example.com/${version}/${place}${this.#one([plural, plural, plural, 'strangers'])}${below}${this.#one(queries)}`;
  }

  /** @param odd how likely a member of it is wrong. */
  schema(odd: number, depth = 0): Json {
    const type = depth === 0 ? 'object' : this.#one(['string', 'integer', 'number', 'boolean', 'object', 'array', 'object', 'array']);
    const schema: Json = { type };
    const child = (): Json => (depth < 3 ? this.schema(odd, depth + 1) : { type: this.#one(['string', 'integer', 'boolean']) });
    if (type === 'object') {
      const kind = depth === 0 ? 'object' : this.#one(['object', 'object', 'object', 'map', 'free']);
      if (kind === 'map') schema.additionalProperties = child();
      else if (kind === 'free') schema['x-kubernetes-preserve-unknown-fields'] = true;
      else schema.properties = this.#members(depth === 0 ? ['spec', 'status'] : members, child);
    } else if (type === 'array') Object.assign(schema, this.#list(child()));
    for (const [name, values] of Object.entries(bounds[type] ?? {})) if (this.#chance(0.15)) schema[name] = this.#one(values);
    if (this.#chance(0.1)) schema['x-kubernetes-validations'] = [this.#rule()];
    if (this.#chance(0.1)) schema.default = this.value(schema, 0.05);
    if (this.#chance(0.1))
      schema[this.#one(['allOf', 'anyOf', 'oneOf'])] = [this.#restriction(schema, odd), this.#restriction(schema, odd)];
    if (this.#chance(0.03)) schema.not = this.#restriction(schema, odd);
    if (depth > 0 && this.#chance(0.1)) schema.nullable = true;
    for (const [name, values] of Object.entries(oddSchemas)) if (this.#chance(odd)) schema[name] = this.#one(values);
    for (const name of nested) if (this.#chance(odd / 2)) schema[name] = child();
    return schema;
  }

  /** A value of a schema. @param odd how likely a part of it is of another. */
  value(schema: Json, odd: number): unknown {
    if (this.#chance(odd)) return this.#one(oddValues);
    if (Array.isArray(schema.enum) && this.#chance(0.8)) return this.#one(schema.enum);
    const { type, properties, additionalProperties, items, format } = schema as { [name: string]: Json | undefined };
    switch (type as unknown) {
      case 'object': {
        if (!properties)
          return Object.fromEntries(
            members.filter(() => this.#chance(0.5)).map((name) => [name, additionalProperties ? this.value(additionalProperties, odd) : 1]),
          );
        const kept = Object.entries(properties).filter(() => this.#chance(0.7));
        const object = Object.fromEntries(kept.map(([name, member]) => [name, this.value(member as Json, odd)]));
        return this.#chance(odd) ? { ...object, stranger: 1 } : object;
      }
      case 'array':
        return Array.from({ length: this.#below(4) }, () => this.value((items as Json) ?? {}, odd));
      case 'integer':
        return this.#one([0, 1, 2, 3, 5, 10, -1]);
      case 'number':
        return this.#one([0, 1, 0.5, 2.5, 10, -1]);
      case 'boolean':
        return this.#chance(0.5);
      default:
        return this.#one(typeof format === 'string' ? texts : ['', 'a', 'ab', 'aaa', 'abcdef', 'a.b']);
    }
  }

  #versions(): unknown {
    const odd = this.#one([0, 0, 0.01, 0.03]);
    const schema = { openAPIV3Schema: this.schema(odd) };
    const second = this.#chance(0.5) ? schema : { openAPIV3Schema: this.schema(odd) };
    const one = (name: string, storage: boolean, own: Json): Json => {
      const version: Json = { name, served: true, storage, schema: own };
      for (const [member, values] of Object.entries(oddVersions)) if (this.#chance(0.04)) version[member] = this.#one(values);
      return version;
    };
    const first = one('v1', true, schema);
    return this.#chance(0.7) ? [first] : [first, one('v2', this.#chance(0.03), second)];
  }

  #members(names: readonly string[], child: () => Json): Json {
    return Object.fromEntries(names.filter(() => this.#chance(0.6)).map((name) => [name, child()]));
  }

  #list(items: Json): Json {
    const kind = this.#one([undefined, undefined, 'atomic', 'set', 'map']);
    if (kind !== 'map') return { items, ...(kind ? { 'x-kubernetes-list-type': kind } : {}) };
    const keyed = { type: 'object', required: ['k'], properties: { k: { type: 'string' }, v: items } };
    return {
      items: keyed,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': this.#one([['k'], ['k'], ['k'], ['v'], ['k', 'k'], []]),
    };
  }

  #restriction({ properties, items }: Json, odd: number): Json {
    const made: Json = {};
    if (properties && this.#chance(0.7)) made.required = Object.keys(properties as Json).slice(0, 1);
    if (properties && this.#chance(0.3))
      made.properties = Object.fromEntries(Object.keys(properties as Json).map((name) => [name, { minimum: 1 }]));
    if (items && this.#chance(0.5)) made.items = { maxLength: 3 };
    if (this.#chance(0.3)) made.minLength = 2;
    if (this.#chance(odd * 4)) made[this.#one(Object.keys(oddSchemas))] = true;
    if (this.#chance(odd * 4)) made.pattern = '(';
    if (this.#chance(odd * 4)) made.anyOf = [{ type: 'integer' }, { type: 'string' }];
    if (this.#chance(odd * 4)) made.additionalProperties = { minimum: 1 };
    if (this.#chance(odd * 4)) made.properties = { a: { minimum: 1 }, metadata: {} };
    return made;
  }

  #rule(): Json {
    const rule: Json = { rule: this.#one(rules) };
    for (const [name, values] of Object.entries(ruleMembers)) if (this.#chance(0.15)) rule[name] = this.#one(values);
    return rule;
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #below(end: number): number {
    return Math.floor(this.#random.next() * end);
  }

  #chance(part: number): boolean {
    return this.#random.next() < part;
  }
}

export function kindOf(plural: string): string {
  return plural[0]?.toUpperCase() + plural.slice(1, -1);
}

const members = ['a', 'b', 'metadata', 'x-y', 'replicas'];
const texts = [
  '2020-01-01T00:00:00Z',
  '10.0.0.1',
  '::1',
  'aGk=',
  '1h',
  'a@b.c',
  'http://a.b',
  '0123456789abcdef01234567',
  'x',
  '',
  '1.2.3',
];
const oddValues: readonly unknown[] = [null, 'text', 7, 1.5, true, [], {}, ['a', 'a'], { a: 1 }, [{ k: 'x' }, { k: 'x' }], [null]];

const bounds: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  string: {
    maxLength: [0, 1, 3],
    minLength: [0, 1, 2],
    pattern: ['^a+$', '^[a-z]*$', String.raw`\d`],
    format: [
      'date-time',
      'ipv4',
      'ipv6',
      'byte',
      'duration',
      'email',
      'uri',
      'bsonobjectid',
      'strange',
      'hostname',
      'cidr',
      'uuid',
      'date',
      'password',
    ],
    enum: [['a', 'ab'], ['']],
  },
  integer: { maximum: [2, 5.5], minimum: [0, 1], multipleOf: [2], format: ['int32', 'int64', 'odd'], enum: [[1, 2]] },
  number: {
    maximum: [2.5],
    minimum: [0],
    exclusiveMinimum: [true],
    exclusiveMaximum: [true],
    multipleOf: [0.5],
    format: ['float', 'double'],
  },
  object: {
    required: [['a'], ['a', 'b'], ['zz']],
    maxProperties: [1, 2],
    minProperties: [1],
    'x-kubernetes-map-type': ['atomic', 'granular'],
  },
  array: { maxItems: [1, 2], minItems: [1] },
};

/** What is asked of lists: no watch that begins. */
const queries = [
  ...['', '', '?limit=1', '?limit=x', '?resourceVersion=abc', '?continue=!', '?sendInitialEvents=true', '?labelSelector=a+in+('],
  ...['?watch=1&continue=!', '?watch=1&resourceVersion=abc', '?watch=1&sendInitialEvents=true', '?watch=1&resourceVersionMatch=Exact'],
];

const listed = ['x-kubernetes-list-type', 'x-kubernetes-map-type'] as const;
/** What schemas hold now and then that they should not, or rarely do. */
const oddSchemas: Readonly<Record<string, readonly unknown[]>> = {
  ...Object.fromEntries(listed.map((name) => [name, ['atomic', 'set', 'map', 'granular', 'odd']])),
  type: ['', 'null', 'any', 'string', 'array', 'object'],
  default: [null, 'x', 3, {}, { a: 1, q: 2 }, []],
  nullable: [true],
  uniqueItems: [true],
  additionalProperties: [true, false],
  items: [[{ type: 'string' }]],
  pattern: ['(', '[a', 'a{2,1}', '^(?!x)'],
  title: ['t'],
  description: ['d'],
  example: ['e', { a: 1 }],
  externalDocs: [{ url: 'https://example.com' }],
  id: ['id'],
  $ref: ['#/definitions/x', ''],
  $schema: ['s'],
  definitions: [{ a: { type: 'string' } }],
  dependencies: [{ a: ['b'] }],
  patternProperties: [{ a: { type: 'string' } }],
  additionalItems: [true, { type: 'string' }],
  enum: [[1, 'a', null]],
  anyOf: [[{ type: 'integer' }, { type: 'string' }], [{}]],
  allOf: [[{ anyOf: [{ type: 'integer' }, { type: 'string' }] }], [{ pattern: '(' }]],
  'x-kubernetes-list-map-keys': [['a'], ['k', 'zz'], []],
  'x-kubernetes-preserve-unknown-fields': [true, false],
  'x-kubernetes-embedded-resource': [true, true, false],
  'x-kubernetes-int-or-string': [true],
  'x-kubernetes-validations': [[], [{ rule: 'true' }], [{ rule: '' }]],
  required: [['a', 'a']],
};
const nested = ['not', 'additionalProperties', 'items'];

const rules = [
  ...[
    'true',
    'self == oldSelf',
    'has(self.a)',
    'self.size() < 3',
    "self == 'a'",
    'self > 1',
    'self.all(x, x == x)',
    'self.a.b',
    'self.metadata.name.size() > 1',
  ],
  ...['', ' ', '1', 'self ==', 'unknown(self)', 'oldSelf.a == self.a', 'self.exists(x, x.k == "a")', 'self.all(x, self.all(y, x == y))'],
];
const ruleMembers: Readonly<Record<string, readonly unknown[]>> = {
  message: ['no', ' ', 'two\nlines'],
  messageExpression: ['"no " + string(self)', '1', ' ', 'self'],
  reason: ['FieldValueForbidden', 'FieldValueRequired', 'FieldValueDuplicate', 'Odd'],
  fieldPath: ['.a', '.zz', 'a', ' ', '.a.b', "['a']", '.a[0]', '.k\n'],
  optionalOldSelf: [true, false],
};

const oddSpecs: Readonly<Record<string, readonly unknown[]>> = {
  group: ['', 'nodots', 'UPPER.com', 'x.k8s.io', 'a..b', 'k.example.com.'],
  scope: ['', 'World', 'namespaced'],
  versions: [[], [{ name: 'v1' }], [{ name: '', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }]],
  preserveUnknownFields: [true, false],
  conversion: [
    ...[
      { strategy: 'None' },
      { strategy: 'Odd' },
      { strategy: '' },
      { strategy: 'Webhook' },
      { strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } },
    ],
    ...[['v1'], ['v1', 'v1'], [], ['v2'], ['V1', 'v1beta1']].map((conversionReviewVersions) => ({
      strategy: 'Webhook',
      webhook: { conversionReviewVersions, clientConfig: { url: 'https://example.com/c', caBundle: 'aGk=' } },
    })),
    {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { service: { name: 'a', namespace: 'b', path: '/x//y', port: 0 } } },
    },
    {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'http://a', service: { name: '', namespace: '' } } },
    },
    { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: {} } },
  ],
};
const oddNames: Readonly<Record<string, readonly unknown[]>> = {
  plural: ['', 'UPPER', 'other'],
  singular: ['', 'One', 'a_b', 'thing'],
  kind: ['', 'kind', 'K_', '1Kind'],
  listKind: ['', 'Kinds', 'K_'],
  shortNames: [['a'], ['A', 'b_'], ['']],
  categories: [['all'], ['A'], ['', 'b b']],
};
const oddMetadata: Readonly<Record<string, readonly unknown[]>> = {
  name: ['other.k.example.com', '', 'Upper.k.example.com', undefined],
  generateName: ['gen-'],
  labels: [{ a: 'b' }, { 'a b': 'c' }],
  finalizers: [['x'], ['a/b'], ['a b']],
  annotations: [{ 'api-approved.kubernetes.io': 'unapproved' }, { 'A B': '' }],
};
const column = { name: 'A', type: 'string', jsonPath: '.spec.a' };
const oddVersions: Readonly<Record<string, readonly unknown[]>> = {
  name: ['v2', 'V1', '', 'v1beta1', 'v1.1'],
  served: [false],
  storage: [false, true],
  deprecated: [true],
  deprecationWarning: ['old', '', 'a\nb', 'x'.repeat(300)],
  schema: [undefined, {}, { openAPIV3Schema: {} }, { openAPIV3Schema: { type: 'object', nullable: true } }],
  subresources: [
    ...[{ status: {} }, { status: {} }, { status: {} }, {}],
    ...['.spec.replicas', 'spec.replicas', '', '.status.x', '.'].map((specReplicasPath) => ({
      status: {},
      scale: { specReplicasPath, statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' },
    })),
    { scale: { specReplicasPath: '.spec.a', statusReplicasPath: '.spec.b', labelSelectorPath: '.x' } },
  ],
  additionalPrinterColumns: [
    ...[
      [column],
      [{ ...column, format: 'odd' }],
      [{ ...column, type: 'odd' }],
      [{ ...column, jsonPath: 'a' }],
      [{}],
      [{ ...column, jsonPath: '.a[' }],
    ],
    [{ ...column, priority: 1, description: 'd', format: 'date' }],
  ],
  selectableFields: [
    ['.spec.a'],
    ['.spec.a', '.spec.a'],
    ['.metadata.name'],
    ['a'],
    ['.spec'],
    [''],
    ['.spec.b[0]'],
    ['.status.replicas', '.zz'],
  ].map((paths) => paths.map((jsonPath) => ({ jsonPath }))),
};
