import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, SimulatedClock } from '@keelson/testing';
import { ClusterRoleBinding, FlowSchema, PriorityLevelConfiguration } from '@keelson/types';
import { type Answer, type Fixture, type FixtureOptions, startServer } from '../testing/fixture.ts';

type Headers = Answer['headers'];

const group = '/apis/flowcontrol.apiserver.k8s.io/v1';

async function withServer(options: FixtureOptions, use: (fixture: Fixture) => Promise<void>): Promise<void> {
  const fixture = await startServer(options);
  try {
    await use(fixture);
  } finally {
    await fixture.close();
  }
}

const conditionOf = ({ status }: FlowSchema) => status?.conditions?.find(({ type }) => type === 'Dangling');
const uidsIn = (headers: Headers) => [headers['x-kubernetes-pf-flowschema-uid'], headers['x-kubernetes-pf-prioritylevel-uid']];

const limitedTo = (shares: number) => ({
  type: 'Limited',
  limited: { nominalConcurrencyShares: shares, limitResponse: { type: 'Reject' } },
});
const schemaFor = (user: string, level: string) => ({
  metadata: { name: `of-${user}` },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: 1000,
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: user } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      },
    ],
  },
});

async function asUser(fixture: Fixture, user: string, path: string): Promise<Answer> {
  return fixture.send('GET', path, undefined, { 'impersonate-user': user });
}

test('a cluster has the standard objects, and none of them dangles', async () => {
  await withServer({}, async ({ api }) => {
    const { items: levels } = await api.list(PriorityLevelConfiguration);
    assert.equal(levels.length, 8);
    await eventually(async () => {
      const { items } = await api.list(FlowSchema);
      return items.length === 11 && items.every((schema) => conditionOf(schema)?.status === 'False');
    });
    const { metadata } = await api.get(FlowSchema, { name: 'probes' });
    assert.equal(metadata.annotations?.['apf.kubernetes.io/autoupdate-spec'], 'true');
    assert.deepEqual(metadata.managedFields?.map(({ manager }) => manager).toSorted(), [
      'api-priority-and-fairness-config-consumer-v1',
      'api-priority-and-fairness-config-producer-v1',
    ]);
  });
});

test('every answer names where the request belonged, a refusal too', async () => {
  await withServer({}, async (fixture) => {
    const { api } = fixture;
    const level = await api.create(PriorityLevelConfiguration, { metadata: { name: 'mine' }, spec: limitedTo(1) });
    const schema = await api.create(FlowSchema, schemaFor('noxu', 'mine'));
    const own = [schema.metadata.uid, level.metadata.uid];
    await eventually(async () => uidsIn((await asUser(fixture, 'noxu', '/version')).headers)[0] === own[0]);
    const forbidden = await asUser(fixture, 'noxu', '/api/v1/pods');
    assert.deepEqual([forbidden.status, uidsIn(forbidden.headers)], [403, own]);
    const other = await asUser(fixture, 'foo', '/');
    const globalDefault = await api.get(FlowSchema, { name: 'global-default' });
    assert.equal(uidsIn(other.headers)[0], globalDefault.metadata.uid);
    await api.delete(PriorityLevelConfiguration, { name: 'mine' });
    await eventually(async () => conditionOf(await api.get(FlowSchema, { name: 'of-noxu' }))?.status === 'True');
    assert.equal(uidsIn((await asUser(fixture, 'noxu', '/version')).headers)[0], globalDefault.metadata.uid, 'it matches nothing now');
    await api.create(PriorityLevelConfiguration, { metadata: { name: 'mine' }, spec: limitedTo(1) });
    await eventually(async () => conditionOf(await api.get(FlowSchema, { name: 'of-noxu' }))?.reason === 'Found');
  });
});

test('what a level has no room for is answered as upstream does', async () => {
  await withServer({}, async (fixture) => {
    const { api, metrics } = fixture;
    await api.create(PriorityLevelConfiguration, { metadata: { name: 'jail' }, spec: limitedTo(0) });
    const { metadata } = await api.create(FlowSchema, schemaFor('ann', 'jail'));
    const ask = () => asUser(fixture, 'ann', '/version');
    await eventually(async () => (await ask()).status === 429);
    const { headers, text } = await ask();
    assert.equal(text, 'Too many requests, please try again later.\n');
    assert.deepEqual([headers['retry-after'], headers['content-type']], ['1', 'text/plain; charset=utf-8']);
    assert.equal(uidsIn(headers)[0], metadata.uid);
    assert.match(
      await metrics.metrics(),
      /^apiserver_flowcontrol_rejected_requests_total\{priority_level="jail",flow_schema="of-ann",reason="concurrency-limit"\} \d+$/m,
    );
  });
});

test('a watch keeps its seat no longer than it takes to begin', async () => {
  const fairness = { enabled: true, maxRequestsInFlight: 1, maxMutatingRequestsInFlight: 0 };
  await withServer({ fairness }, async (fixture) => {
    const { api } = fixture;
    await api.create(PriorityLevelConfiguration, { metadata: { name: 'one' }, spec: limitedTo(1000) });
    const schema = await api.create(FlowSchema, schemaFor('ann', 'one'));
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
    await api.create(ClusterRoleBinding, { metadata: { name: 'ann' }, roleRef, subjects: [{ kind: 'User', name: 'ann' }] });
    await eventually(async () => {
      const { status, headers } = await asUser(fixture, 'ann', '/api/v1/pods');
      return status === 200 && uidsIn(headers)[0] === schema.metadata.uid;
    });
    const ann = fixture.transport('ann', ['system:authenticated']);
    for (let i = 0; i < 3; i++) {
      const watch = await ann.send({ method: 'GET', path: '/api/v1/pods?watch=1' });
      assert.deepEqual([watch.status, uidsIn(watch.headers)[0]], [200, schema.metadata.uid]);
    }
    assert.equal((await asUser(fixture, 'ann', '/api/v1/pods')).status, 200);
    ann.close();
  });
});

test('tables tell what there is', async () => {
  await withServer({}, async (fixture) => {
    await asUser(fixture, 'ann', '/version');
    const dump = async (name: string) => (await fixture.send('GET', `/debug/api_priority_and_fairness/${name}`)).text;
    const levels = await dump('dump_priority_levels');
    assert.match(
      levels,
      /^PriorityLevelName, +ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, /,
    );
    assert.match(levels, /^exempt, +0, +false, +false, +0, +1, +\d+, +0, +0, +0$/m);
    assert.match(levels, /^global-default, +0, +true, +false, +0, +0, +1, +0, +0, +0$/m);
    assert.match(await dump('dump_queues'), /^global-default, +\d+, +0, +0, +0, +\d+\.\d{8}ss, +0, +0, +0\.0{8}ss$/m);
    assert.match(await dump('dump_requests'), /^exempt, +exempt, +-1, +-1, +, +\d{4}-.*Z, 1, +0, +0s, +\d{4}-.*Z$/m);
    assert.match(
      await dump('dump_requests?includeRequestDetails=1'),
      /, admin, +get, +\/debug\/api_priority_and_fairness\/dump_requests, /,
    );
    assert.equal((await fixture.send('GET', '/debug/api_priority_and_fairness/other')).status, 404);
    assert.equal((await asUser(fixture, 'ann', '/debug/api_priority_and_fairness/dump_requests')).status, 403);
  });
});

test('metrics tell what became of requests', async () => {
  await withServer({}, async (fixture) => {
    await asUser(fixture, 'ann', '/version');
    const text = await fixture.metrics.metrics();
    const labels = 'priority_level="global-default",flow_schema="global-default"';
    for (const line of [
      `apiserver_flowcontrol_dispatched_requests_total{${labels}} 1`,
      `apiserver_flowcontrol_current_executing_requests{${labels}} 0`,
      `apiserver_flowcontrol_current_inqueue_requests{${labels}} 0`,
      'apiserver_flowcontrol_nominal_limit_seats{priority_level="workload-low"} 245',
      'apiserver_flowcontrol_current_limit_seats{priority_level="workload-low"} 245',
      'apiserver_flowcontrol_lower_limit_seats{priority_level="workload-low"} 24',
      'apiserver_flowcontrol_upper_limit_seats{priority_level="workload-low"} 600',
      '# TYPE apiserver_flowcontrol_request_wait_duration_seconds histogram',
      `apiserver_flowcontrol_request_wait_duration_seconds_bucket{${labels},execute="true",le="0"} 1`,
      `apiserver_flowcontrol_request_wait_duration_seconds_bucket{${labels},execute="true",le="+Inf"} 1`,
      `apiserver_flowcontrol_request_wait_duration_seconds_count{${labels},execute="true"} 1`,
      `apiserver_flowcontrol_request_execution_seconds_count{${labels},type="regular"} 1`,
      `apiserver_flowcontrol_work_estimated_seats_count{${labels}} 1`,
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
  });
});

test('standard objects are put right within a minute, unless annotated', async () => {
  const clock = new SimulatedClock();
  await withServer({ clock }, async ({ api }) => {
    const annotate = (name: string, value: string, nominalConcurrencyShares: number) =>
      api.patch(PriorityLevelConfiguration, { name }, 'application/merge-patch+json', {
        metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': value } },
        spec: { limited: { nominalConcurrencyShares } },
      });
    await annotate('system', 'true', 7);
    await annotate('workload-low', 'false', 7);
    await api.delete(FlowSchema, { name: 'probes' });
    await api.delete(PriorityLevelConfiguration, { name: 'catch-all' });
    await clock.advance(59_000);
    const shares = async (name: string) => (await api.get(PriorityLevelConfiguration, { name })).spec?.limited?.nominalConcurrencyShares;
    assert.equal(await shares('system'), 7);
    await clock.advance(2_000);
    assert.equal(await shares('system'), 30);
    assert.equal(await shares('workload-low'), 7);
    assert.equal(await shares('catch-all'), 5);
    assert.equal((await api.get(FlowSchema, { name: 'probes' })).spec?.matchingPrecedence, 2);
  });
});

test('mandatory objects are what they are', async () => {
  await withServer({}, async ({ api, send }) => {
    const patch = (path: string, spec: object) =>
      send('PATCH', `${group}/${path}`, { spec }, { 'content-type': 'application/merge-patch+json' });
    const refused = await patch('prioritylevelconfigurations/catch-all', { limited: { nominalConcurrencyShares: 6 } });
    assert.equal(refused.status, 422);
    assert.match(refused.text, /spec of 'catch-all' must equal the fixed value/);
    assert.match((await patch('flowschemas/exempt', { matchingPrecedence: 2 })).text, /spec of 'exempt' must equal the fixed value/);
    assert.equal((await patch('prioritylevelconfigurations/exempt', { exempt: { lendablePercent: 50 } })).status, 200);
    assert.equal((await api.get(PriorityLevelConfiguration, { name: 'exempt' })).spec?.exempt?.lendablePercent, 50);
  });
});
