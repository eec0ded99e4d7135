import assert from 'node:assert/strict';
import type { Context, Reply } from '../context.ts';
import { anything, definePrimed, refusal, served } from '../custom.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] FieldValidation';
const strict = 'fieldManager=field_validation_mgr&fieldValidation=Strict';

const deployment = (metadata: string, spec: string): string => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "my-dep", ${metadata} "labels": {"app": "nginx"}},
  "spec": {
    ${spec}
    "selector": {"matchLabels": {"app": "nginx"}},
    "template": {
      "metadata": {"labels": {"app": "nginx"}},
      "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]}
    }
  }
}`;
const post = (c: Context, body: string): Promise<Reply> =>
  c.ask({ method: 'POST', path: `/apis/apps/v1/namespaces/${c.namespace}/deployments?${strict}`, body });

const port = {
  ...{ type: 'object', required: ['containerPort', 'protocol'] },
  properties: {
    containerPort: { type: 'integer', format: 'int32' },
    hostIP: { type: 'string' },
    hostPort: { type: 'integer', format: 'int32' },
    name: { type: 'string' },
    protocol: { type: 'string' },
  },
};
const members = {
  foo: { type: 'string' },
  cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
  ports: {
    ...{ type: 'array', items: port },
    ...{ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['containerPort', 'protocol'] },
  },
};
const schemaOf = (spec: object, properties: object = {}): object => ({
  ...{ type: 'object', properties: { spec: { type: 'object', ...spec, properties: { ...members, ...properties } } } },
});
const preserving = { 'x-kubernetes-preserve-unknown-fields': true };
const embedded = {
  ...{ type: 'object', 'x-kubernetes-embedded-resource': true },
  properties: { metadata: { type: 'object', properties: { name: { type: 'string' } } }, spec: { type: 'object' } },
};

/** Applies YAML to an object of a new resource that has that schema in all its versions. */
async function apply(c: Context, schema: object, document: (apiVersion: string, kind: string) => string): Promise<Reply> {
  const unserved = { ...served('v0', false, schema), served: false };
  const versions = [served('v1beta1', false, schema), served('v1beta2', true, schema), unserved];
  const custom = await definePrimed(c, { scope: 'Cluster', versions });
  return c.ask({
    ...{ method: 'PATCH', path: `${custom.path()}/mytest?${strict}` },
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: document(custom.apiVersion(), custom.definition.spec.names.kind),
  });
}

/** Upstream's document: that its lines are where they are matters. */
const yaml =
  (metadata: string, spec: string, root = '') =>
  (apiVersion: string, kind: string): string =>
    `
apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: mytest${metadata}${root}
spec:${spec}
  cronSpec: "* * * * */5"
  ports:
  - name: x
    containerPort: 80
    protocol: TCP`;

const created = (reply: Reply): void => assert.equal(reply.status, 201, reply.text);

export const fieldValidation: Specs = {
  async [`${area} should detect unknown and duplicate fields of a typed object`](c) {
    const reply = await post(c, deployment('', '"unknownField": "foo", "replicas": 2, "replicas": 3,'));
    assert.match(refusal(reply), /strict decoding error: unknown field "spec\.unknownField", duplicate field "spec\.replicas"/);
  },

  async [`${area} should detect unknown metadata fields of a typed object`](c) {
    const reply = await post(c, deployment('"unknownMeta": "foo",', ''));
    assert.match(refusal(reply), /strict decoding error: unknown field "metadata\.unknownMeta"/);
  },

  async [`${area} should create/apply a valid CR for CRD with validation schema`](c) {
    created(await apply(c, schemaOf({}), yaml('', '\n  foo: foo1')));
  },

  async [`${area} should create/apply a CR with unknown fields for CRD with no validation schema`](c) {
    created(await apply(c, anything, yaml('', '\n  unknown: uk1')));
  },

  async [`${area} should create/apply an invalid CR with extra properties for CRD with validation schema`](c) {
    const { text } = await apply(c, schemaOf({}), yaml('', '\n  foo: foo1', '\nunknownField: unknown'));
    assert.match(text, /\.unknownField: field not declared in schema/);
  },

  async [`${area} should detect unknown metadata fields in both the root and embedded object of a CR`](c) {
    const template = `
  template:
    apiversion: foo/v1
    kind: Sub
    metadata:
        unknownSubMeta: unknown
        name: subobject
        namespace: ${c.namespace}
  foo: foo1`;
    const { text } = await apply(c, schemaOf(preserving, { template: embedded }), yaml('\n  unknownMeta: unknown', template));
    assert.match(text, /(\.spec\.template\.metadata\.unknownSubMeta|\.metadata\.unknownMeta): field not declared in schema/);
  },

  async [`${area} should detect duplicates in a CR when preserving unknown fields`](c) {
    const { text } = await apply(c, schemaOf(preserving), yaml('', '\n  unknown: uk1\n  foo: foo1\n  foo: foo2'));
    assert.ok(text.includes('line 9: key \\"foo\\" already set in map'), text);
  },
};
