import assert from 'node:assert/strict';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import type { Context, Following } from '../context.ts';
import { type Custom, define, definitions, served } from '../custom.ts';
import { serveHooks } from '../hooks.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin]';
const text = { type: 'string' };
const v1 = { type: 'object', properties: { hostPort: text } };
const v2 = { type: 'object', properties: { host: text, port: text } };

type Converted = KubeObject & { hostPort?: string; host?: string; port?: string };
interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: { uid: string; desiredAPIVersion: string; objects: Converted[] };
}

/** `hostPort` in v1 is `host` and `port` in v2. */
function convert({ hostPort, host, port, ...rest }: Converted, apiVersion: string): object {
  const [first = host, second = port] = hostPort?.split(':') ?? [];
  if (apiVersion.endsWith('/v2')) return { ...rest, apiVersion, ...(first ? { host: first } : {}), ...(second ? { port: second } : {}) };
  return { ...rest, apiVersion, ...(first ? { hostPort: second ? `${first}:${second}` : first } : {}) };
}

/** Two versions that a webhook converts into each other, once it does. */
async function converted(c: Context, selectable = false): Promise<Custom> {
  const client = await serveHooks<Review>(c, {
    '/crdconvert': ({ apiVersion, kind, request: { uid, desiredAPIVersion, objects } }) => {
      const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
      return { apiVersion, kind, response: { uid, convertedObjects, result: { status: 'Success' } } };
    },
  });
  const fields = (...paths: string[]) => (selectable ? { selectableFields: paths.map((jsonPath) => ({ jsonPath })) } : {});
  const custom = await define(c, {
    versions: [
      { ...served('v1', true, v1), ...fields('.hostPort') },
      { ...served('v2', false, v2), ...fields('.host', '.port') },
    ],
    conversion: {
      strategy: 'Webhook',
      webhook: { clientConfig: client('/crdconvert'), conversionReviewVersions: ['v1', 'v1beta1'] },
    },
  });
  const ready = async (): Promise<boolean> => {
    const body = { ...custom.object('stub'), apiVersion: custom.apiVersion('v2') };
    return (await c.ask({ method: 'POST', path: custom.path('v2'), body })).status === 201;
  };
  await eventually(ready, { deadlineMs: 30_000, message: 'the webhook converts' });
  await c.must({ method: 'DELETE', path: `${custom.path('v2')}/stub` });
  return custom;
}

function isV1({ hostPort, host, port, apiVersion }: Converted, custom: Custom): void {
  assert.deepEqual([apiVersion, hostPort, host, port], [custom.apiVersion('v1'), 'localhost:8080', undefined, undefined]);
}
function isV2({ hostPort, host, port, apiVersion }: Converted, custom: Custom): void {
  assert.deepEqual([apiVersion, hostPort, host, port], [custom.apiVersion('v2'), undefined, 'localhost', '8080']);
}

const local = { hostPort: 'localhost:8080' };
const create = (c: Context, custom: Custom, name: string): Promise<KubeObject> =>
  c.must({ method: 'POST', path: custom.path('v1'), body: custom.object(name, local) });
const list = async (c: Context, path: string): Promise<Converted[]> => (await c.must<{ items: Converted[] }>({ path })).items;

export const conversion: Specs = {
  async [`${area} should be able to convert from CR v1 to CR v2`](c) {
    const custom = await converted(c);
    await create(c, custom, 'cr-instance-1');
    isV2(await c.must<Converted>({ path: `${custom.path('v2')}/cr-instance-1` }), custom);
  },

  async [`${area} should be able to convert a non homogeneous list of CRs`](c) {
    const custom = await converted(c);
    await create(c, custom, 'cr-instance-1');
    const path = `${definitions}/${custom.definition.metadata.name}`;
    const store = async (): Promise<boolean> => {
      const present = await c.must<Custom['definition']>({ path });
      const spec = { ...present.spec, versions: [served('v1', false, v1), served('v2', true, v2)] };
      return (await c.ask({ method: 'PUT', path, body: { ...present, spec } })).status === 200;
    };
    await eventually(store);
    await create(c, custom, 'cr-instance-2');
    for (const [version, check] of [
      ['v1', isV1],
      ['v2', isV2],
    ] as const) {
      const items = await list(c, custom.path(version));
      assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ['cr-instance-1', 'cr-instance-2']);
      for (const item of items) check(item, custom);
    }
  },

  async '[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector'(
    c,
  ) {
    const custom = await converted(c, true);
    const select = (version: string, selector: string): string => `${custom.path(version)}?fieldSelector=${encodeURIComponent(selector)}`;
    const [byHost, byBoth, byV1] = [select('v2', 'host=host1'), select('v2', 'host=host1,port=80'), select('v1', 'hostPort=host1:80')];
    const watches = await Promise.all([byHost, byBoth, byV1].map((path) => c.follow<Converted>(path)));
    const toCreate = { first: { host: 'host1', port: '80' }, second: { host: 'host1', port: '8080' }, third: { host: 'host2' } };
    for (const [name, fields] of Object.entries(toCreate)) {
      const body = { ...custom.object(name, fields), apiVersion: custom.apiVersion('v2') };
      await c.must({ method: 'POST', path: custom.path('v2'), body });
    }
    const named = async (path: string) => (await list(c, path)).map(({ metadata }) => metadata.name).sort();
    assert.deepEqual(await named(byHost), ['first', 'second']);
    assert.deepEqual(await named(byBoth), ['first']);
    assert.deepEqual(await named(byV1), ['first']);
    assert.deepEqual(await named(select('v1', 'hostPort=host1:8080')), ['second']);
    await saw(watches, 'ADDED', [['first', 'second'], ['first'], ['first']]);
    await c.must({ method: 'DELETE', path: byBoth, body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 } });
    const path = `${custom.path('v2')}/second`;
    await c.must({ method: 'PUT', path, body: { ...(await c.must({ path })), host: 'host2' } });
    assert.deepEqual([await named(byHost), await named(byBoth)], [[], []]);
    await saw(watches, 'DELETED', [['first', 'second'], ['first'], ['first']]);
    for (const [index, { events }] of watches.entries())
      for (const { object } of events) assert.equal(object.apiVersion, custom.apiVersion(index === 2 ? 'v1' : 'v2'));
  },
};

/** Each watch saw events of that type of exactly these objects. */
async function saw(watches: readonly Following<Converted>[], type: string, expected: readonly string[][]): Promise<void> {
  const seen = () =>
    watches.map(({ events }) =>
      [...new Set(events.filter((event) => event.type === type).map(({ object }) => object.metadata.name))].sort(),
    );
  await eventually(() => seen().every((names, index) => names.length >= (expected[index]?.length ?? 0)), { deadlineMs: 30_000 });
  assert.deepEqual(seen(), expected);
}
