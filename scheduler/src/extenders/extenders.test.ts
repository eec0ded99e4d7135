import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext, test } from 'node:test';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import type { NodeTable } from '../cache/table.ts';
import { Cycle } from '../cycle/cycle.ts';
import { preemptionMessage, refusedBy, unschedulableMessage } from '../cycle/message.ts';
import { plugins } from '../plugins/index.ts';
import { readProfiles } from '../profiles.ts';
import { info, node, type PodFacts, pod, table } from '../testdata.ts';
import { type Extender, readExtenders, resourcesOfExtenders } from './config.ts';
import { decideWith, preemptWith } from './decide.ts';
import { Extenders } from './extenders.ts';
import { type Ask, askOverHttp } from './http.ts';

const gpu = 'example.com/gpu';

function made(said: Record<string, unknown>): Extender {
  const [extender] = readExtenders([{ urlPrefix: 'http://x', ...said }]);
  assert.ok(extender);
  return extender;
}

/** Extenders that answer by `ask`, deciding on a table. */
function deciding(nodes: NodeTable, ...all: [said: Record<string, unknown>, ask: Ask][]) {
  const extenders = new Extenders(
    all.map(([said, ask]) => ({ extender: made(said), ask })),
    silentLogger,
  );
  return { cycle: new Cycle(nodes, plugins), extenders, table: nodes, random: seededRandom(1) };
}

const three = () => table(['a', 'b', 'c'].map((name) => node(name)));

async function decide(by: ReturnType<typeof deciding>, facts: PodFacts = {}): Promise<string> {
  const subject = info('new', facts);
  const decision = await decideWith(by, subject, undefined);
  if (decision.type === 'node') return by.table.nameOf(decision.row);
  const reasons = decision.diagnosis.reasons ?? by.cycle.reasons;
  const refused = [...refusedBy(decision.diagnosis, reasons)].join();
  const nobody = new Map(decision.diagnosis.resolvable.map((row) => [row, 0]));
  return `${refused}: ${unschedulableMessage(decision.diagnosis, reasons, [preemptionMessage(decision.diagnosis, reasons, nobody)])}`;
}

describe('extenders that filter', () => {
  it('leave the nodes they name', async () => {
    const asked: unknown[] = [];
    const ask: Ask = async (verb, body) => {
      asked.push([verb, body]);
      return { NodeNames: ['b'], FailedNodes: { a: 'not a' } };
    };
    assert.equal(await decide(deciding(three(), [{ filterVerb: 'filter', nodeCacheCapable: true }, ask])), 'b');
    assert.deepEqual(asked, [['filter', { Pod: info('new').pod, Nodes: null, NodeNames: ['a', 'b', 'c'] }]]);
  });
  it('are sent whole nodes unless they know them, and each is asked about what others left', async () => {
    const first: Ask = async (_, body) => ({ nodes: { items: (body as { Nodes: { items: unknown[] } }).Nodes.items.slice(1) } });
    const second: Ask = async (_, body) => ({ nodenames: (body as { NodeNames: string[] }).NodeNames.slice(1) });
    const by = deciding(three(), [{ filterVerb: 'f' }, first], [{ filterVerb: 'f', nodeCacheCapable: true }, second]);
    assert.equal(await decide(by), 'c');
  });
  it('tell why none will do', async () => {
    const ask: Ask = async () => ({ NodeNames: [], FailedNodes: { a: 'busy', b: 'busy' }, FailedAndUnresolvableNodes: { c: 'broken' } });
    assert.equal(
      await decide(deciding(three(), [{ filterVerb: 'f', nodeCacheCapable: true }, ask])),
      'Extender: 0/3 nodes are available: 1 broken, 2 busy. preemption: 0/3 nodes are available: ' +
        '1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    );
  });
  it('stop everything when they fail, unless they are ignorable', async () => {
    const broken: Ask = () => Promise.reject(new Error('no route'));
    await assert.rejects(decide(deciding(three(), [{ filterVerb: 'f' }, broken])), { message: 'no route' });
    const wrong: Ask = async () => ({ Error: 'out of order' });
    await assert.rejects(decide(deciding(three(), [{ filterVerb: 'f' }, wrong])), { message: 'out of order' });
    const foreign: Ask = async () => ({ NodeNames: ['z'] });
    await assert.rejects(decide(deciding(three(), [{ filterVerb: 'f', nodeCacheCapable: true }, foreign])), {
      message: 'extender "http://x" claims a filtered node "z" which is not found in the input node list',
    });
    const one = table([node('a')]);
    assert.equal(await decide(deciding(one, [{ filterVerb: 'f', ignorable: true }, broken])), 'a');
  });
  it('are asked about pods that use their resources', () => {
    const { extenders } = deciding(three(), [{ filterVerb: 'f', managedResources: [{ name: gpu }] }, async () => ({})]);
    assert.equal(extenders.concern(pod('x')), false);
    assert.equal(extenders.concern(pod('x', { requests: { [gpu]: '1' } })), true);
  });
});

it('extenders that prioritize outweigh plugins by their weight', async () => {
  const nodes = table(
    ['a', 'b', 'c'].map((name) => node(name)),
    { c: [pod('old', { requests: { cpu: '1', memory: '8Gi' } })] },
  );
  const prefer =
    (scores: Record<string, number>): Ask =>
    async () =>
      Object.entries(scores).map(([Host, Score]) => ({ Host, Score }));
  assert.equal(await decide(deciding(nodes, [{ prioritizeVerb: 'p', weight: 5 }, prefer({ a: 1, c: 10 })])), 'c');
  const both = deciding(
    nodes,
    [{ prioritizeVerb: 'p', weight: 1 }, prefer({ c: 10 })],
    [{ prioritizeVerb: 'p', weight: 3 }, prefer({ b: 10 })],
  );
  assert.equal(await decide(both), 'b');
  const silent = deciding(table([node('a'), node('b', { unschedulable: true })]), [
    { prioritizeVerb: 'p', weight: 1 },
    () => Promise.reject(new Error('no answer')),
  ]);
  assert.equal(await decide(silent), 'a');
});

describe('extenders that preempt', () => {
  const full = () =>
    table([node('a'), node('b')], {
      a: [pod('cheap', { requests: { cpu: '4' } })],
      b: [pod('dear', { requests: { cpu: '4' }, spec: { priority: 5 } })],
    });
  const important = { requests: { cpu: '2' }, spec: { priority: 10 } };
  const chosen = async (said: Record<string, unknown>, ask: Ask): Promise<unknown> => {
    const by = deciding(full(), [{ preemptVerb: 'preempt', ...said }, ask]);
    const subject = info('new', important);
    const decision = await decideWith(by, subject, undefined);
    assert.equal(decision.type, 'none');
    if (decision.type !== 'none') return undefined;
    const found = await preemptWith(
      by,
      subject,
      by.cycle.candidates(subject, undefined, decision.diagnosis, { budgets: [], random: by.random }).found,
    );
    return found && [by.table.nameOf(found.row), found.victims.map(({ uid }) => uid)];
  };
  it('choose among the nodes', async () => {
    const asked: unknown[] = [];
    const ask: Ask = async (_, body) => {
      asked.push(body);
      return { NodeNameToMetaVictims: { b: { Pods: [{ UID: 'uid-dear' }] } } };
    };
    assert.deepEqual(await chosen({ nodeCacheCapable: true }, ask), ['b', ['uid-dear']]);
    const victims = (uid: string) => ({ Pods: [{ UID: uid }], NumPDBViolations: 0 });
    const NodeNameToMetaVictims = { a: victims('uid-cheap'), b: victims('uid-dear') };
    assert.deepEqual(asked, [{ Pod: info('new', important).pod, NodeNameToVictims: null, NodeNameToMetaVictims }]);
  });
  it('may leave none', async () => assert.equal(await chosen({}, async () => ({ NodeNameToMetaVictims: {} })), undefined));
  it('may not leave a node without victims, unless they are ignorable', async () => {
    const ask: Ask = async () => ({ NodeNameToMetaVictims: { a: { Pods: [] }, b: { Pods: [{ UID: 'uid-dear' }] } } });
    await assert.rejects(chosen({}, ask), { message: 'expected at least one victim pod on node "a"' });
    assert.deepEqual(await chosen({ ignorable: true }, ask), ['b', ['uid-dear']]);
  });
});

test('an extender binds in our place, or fails to', async () => {
  const asked: unknown[] = [];
  const bindWith = (said: Record<string, unknown>, answer: unknown) => {
    const ask: Ask = async (...question) => {
      asked.push(question);
      return answer;
    };
    return deciding(three(), [said, ask]).extenders.bind(info('new'), 'a');
  };
  assert.deepEqual(await bindWith({ bindVerb: 'bind' }, {}), { type: 'bound' });
  assert.deepEqual(asked, [['bind', { PodName: 'new', PodNamespace: 'ns', PodUID: 'uid-new', Node: 'a' }]]);
  assert.deepEqual(await bindWith({ bindVerb: 'bind' }, { Error: 'taken' }), { type: 'failed', why: 'taken' });
  assert.equal(await bindWith({ bindVerb: 'bind', ignorable: true }, { Error: 'taken' }), undefined);
  assert.equal(await bindWith({ filterVerb: 'filter' }, {}), undefined);
});

/** The port it listens on until the test is over. */
async function listening(t: TestContext, server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('extenders are asked over HTTP', async (t) => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
    if (request.url?.endsWith('/slow')) return;
    response.statusCode = request.url?.endsWith('/bad') ? 500 : 200;
    request.pipe(response);
  });
  const urlPrefix = `http://127.0.0.1:${await listening(t, server)}/api/`;
  const ask = askOverHttp(made({ urlPrefix, httpTimeout: '50s' }), systemClock);
  const hurried = askOverHttp(made({ urlPrefix, httpTimeout: '100ms' }), systemClock);
  assert.deepEqual(await ask('filter', { a: 1 }), { a: 1 });
  assert.deepEqual(seen, ['POST /api/filter application/json']);
  await assert.rejects(ask('bad', {}), { message: `failed bad with extender at URL ${urlPrefix}bad, code 500` });
  await assert.rejects(hurried('slow', {}), { message: `Post "${urlPrefix}slow": context deadline exceeded` });
});

test('extenders are asked over TLS, known by their authority or trusted blindly', async (t) => {
  const ca = await createCA({ commonName: 'extenders', days: 1, clock: systemClock });
  const of = { commonName: 'extender', dnsNames: ['extender.test'], usages: ['server'], days: 1, clock: systemClock, ca } as const;
  const { certPem, keyPem } = await issue(of);
  const echo: RequestListener = (request, response) => void request.pipe(response);
  const urlPrefix = `https://127.0.0.1:${await listening(t, createSecureServer({ cert: certPem, key: keyPem }, echo))}`;
  const ask = (said: Record<string, unknown>): Promise<unknown> =>
    askOverHttp(made({ urlPrefix, enableHTTPS: true, httpTimeout: '50s', ...said }), systemClock)('filter', [1]);
  const caData = Buffer.from(ca.certPem).toString('base64');
  assert.deepEqual(await ask({}), [1]);
  assert.deepEqual(await ask({ tlsConfig: { caData, serverName: 'extender.test' } }), [1]);
  await assert.rejects(ask({ tlsConfig: { caData } }), /does not match certificate/);
  await assert.rejects(ask({ enableHTTPS: false }), /certificate/);
});

test('extenders that cannot be are refused', () => {
  const refuses = (message: string, ...extenders: Record<string, unknown>[]): void =>
    assert.throws(() => readExtenders(extenders), { message });
  refuses('extenders[0].weight: Invalid value: 0: must have a positive weight applied to it', { prioritizeVerb: 'p' });
  refuses(
    'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    { bindVerb: 'b' },
    { bindVerb: 'b' },
  );
  refuses('extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name', {
    managedResources: [{ name: 'cpu' }],
  });
  refuses(
    `extenders[1].managedResources[0].name: Invalid value: "${gpu}": duplicate extender managed resource name`,
    { managedResources: [{ name: gpu }] },
    { managedResources: [{ name: gpu }] },
  );
  refuses('strict decoding error: unknown field "extenders[0].verb"', { verb: 'x' });
  refuses('json: cannot unmarshal string into Go struct field Extender.extenders.weight of type int64', { weight: '1' });
});

test('the ignorable come last, and what only extenders look at is not filtered by', () => {
  const managedResources = [{ name: gpu, ignoredByScheduler: true }];
  const extenders = readExtenders([
    { urlPrefix: 'a', ignorable: true },
    { urlPrefix: 'b', managedResources },
  ]);
  assert.deepEqual(
    extenders.map(({ urlPrefix, httpTimeout }) => [urlPrefix, httpTimeout]),
    [
      ['b', 5000],
      ['a', 5000],
    ],
  );
  assert.deepEqual(resourcesOfExtenders(extenders), [gpu]);
  const [profile] = readProfiles([{}], resourcesOfExtenders(extenders));
  assert.deepEqual(profile?.args.NodeResourcesFit.ignoredResources, [gpu]);
});
