import assert from 'node:assert/strict';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import type { Spec, Specs } from '../specs.ts';
import { agent, conditionIs, containerOf, lasting, rest, restartsOf, running, shell, untilPod } from './run.ts';

const area = '[sig-node] Probing container';

/** Milliseconds that what must not happen is waited for. */
const observed = Number(process.env.KEELSON_OBSERVED_SECONDS ?? 240) * 1000;

/** A container that is not stopped at once has 30 seconds to end. */
const probed = (container: object) => ({ metadata: { name: 'probed' }, spec: { containers: [container] } });

/** Creates it and waits until it was restarted that often; the count never fell, and rose by one at a time. */
const restarts =
  (container: object, wanted: number, deadlineMs = 240_000): Spec =>
  async (c) => {
    await podsOf(c).create(probed(container));
    await running(c, 'probed');
    let last = 0;
    await untilPod(
      c,
      'probed',
      (pod) => {
        const now = restartsOf(pod);
        assert.ok(now === last || now === last + 1, `${last} restarts, then ${now}`);
        last = now;
        return now >= wanted;
      },
      deadlineMs,
    );
  };

/** Creates it, and sees that it is not restarted for as long as upstream looks. */
const staysUp =
  (container: object): Spec =>
  async (c) => {
    await podsOf(c).create(probed(container));
    await running(c, 'probed');
    await rest(observed);
    const pod = await podsOf(c).get('probed');
    assert.equal(restartsOf(pod), 0, JSON.stringify(pod.status));
    assert.ok(containerOf(pod).state?.running);
  };

const liveness = (probe: object, container: object = shell('sleep 600')) => ({ ...container, livenessProbe: probe });
const failsOnce = { initialDelaySeconds: 15, failureThreshold: 1 };
const health = { exec: { command: ['cat', '/tmp/health'] } };
/** Without the readiness probe that the agent has otherwise. */
const bare = (failsAfter = 0) => agent(8080, { readinessProbe: undefined }, failsAfter);

export const probes: Specs = {
  async [`${area} with readiness probe should not be ready before initial delay and never restart [NodeConformance]`](c) {
    const readinessProbe = { httpGet: { path: '/', port: 8080 }, initialDelaySeconds: 30 };
    await podsOf(c).create(lasting('probed', [agent(8080, { readinessProbe })]));
    const pod = await untilPod(c, 'probed', (present) => conditionIs(present, 'Ready', 'True'));
    const readyAt = Date.parse(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '');
    const startedAt = Date.parse(containerOf(pod).state?.running?.startedAt ?? '');
    assert.ok(readyAt - startedAt >= 30_000, `ready after ${readyAt - startedAt} ms`);
    assert.equal(restartsOf(pod), 0);
  },

  async [`${area} with readiness probe that fails should never be ready and never restart [NodeConformance]`](c) {
    const readinessProbe = { exec: { command: ['/bin/false'] }, initialDelaySeconds: 30 };
    await podsOf(c).create(probed(shell('sleep 600', { readinessProbe })));
    await neverReady(c, 60_000);
  },

  [`${area} should be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance]`]: restarts(
    liveness({ ...health, ...failsOnce }, shell('echo ok >/tmp/health; sleep 10; rm -rf /tmp/health; sleep 600')),
    1,
  ),
  [`${area} should *not* be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance]`]: staysUp(
    liveness({ ...health, ...failsOnce }, shell('echo ok >/tmp/health; sleep 600')),
  ),
  [`${area} should be restarted with a /healthz http liveness probe [NodeConformance]`]: restarts(
    liveness({ httpGet: { path: '/healthz', port: 8080 }, ...failsOnce }, bare(10_000)),
    1,
  ),
  [`${area} should *not* be restarted with a /healthz http liveness probe [NodeConformance]`]: staysUp(
    liveness({ httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 5 }, bare()),
  ),
  [`${area} should *not* be restarted with a tcp:8080 liveness probe [NodeConformance]`]: staysUp(
    liveness({ tcpSocket: { port: 8080 }, ...failsOnce }, bare()),
  ),
  [`${area} should *not* be restarted with a GRPC liveness probe [NodeConformance]`]: staysUp(
    liveness({ grpc: { port: 8081 }, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 1 }, bare()),
  ),
  [`${area} should be restarted with a GRPC liveness probe [NodeConformance]`]: restarts(
    liveness({ grpc: { port: 2333 }, initialDelaySeconds: 15, failureThreshold: 1 }, bare()),
    1,
  ),
  [`${area} should have monotonically increasing restart count [NodeConformance]`]: restarts(
    liveness({ httpGet: { path: '/healthz', port: 8080 }, initialDelaySeconds: 5, failureThreshold: 1 }, bare(10_000)),
    5,
    600_000,
  ),
};

/** Looks for that many milliseconds: the pod runs, is not ready and was not restarted. */
async function neverReady(c: Context, milliseconds: number): Promise<void> {
  await running(c, 'probed');
  for (let left = milliseconds; left > 0; left -= 1000) {
    await rest(1000);
    const pod = await podsOf(c).get('probed');
    assert.ok(!conditionIs(pod, 'Ready', 'True'));
    assert.equal(restartsOf(pod), 0);
  }
}
