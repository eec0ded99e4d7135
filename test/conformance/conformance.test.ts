import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { onPath, RealCluster, whyNotReal } from '../e2e/cluster.ts';
import { areas } from './areas/index.ts';
import { coverage, coveragePage } from './coverage/coverage.ts';
import { page } from './coverage/page.ts';
import { describeSpecs, runSpec, strangers } from './suite.ts';

/*
 * What Kubernetes' conformance suite asks for, in our own words. Against any cluster:
 *   KUBECONFIG=… node --test --test-name-pattern=REGEXP test/conformance/conformance.test.ts
 * where names are `AREA: TITLE`.
 * Without KUBECONFIG, against one of our own whose nodes are models.
 */

const given = process.env.KUBECONFIG;
const kubectl = onPath('kubectl');
const skip = kubectl ? (given ? undefined : whyNotReal()) : 'there is no kubectl on the PATH';
if (skip) process.stderr.write(`conformance: skipped, ${skip}\n`);

const heavy = given !== undefined || process.env.KEELSON_HEAVY !== undefined;

/** Most of a spec is waiting for controllers. */
const atOnce = 3;

/** What Kubernetes calls slow takes up to ten minutes: it is left to those who ask for it. */
function limitsOf(title: string): { timeout: number; skip: string | false } {
  const slow = title.includes('[Slow]');
  return { timeout: slow ? 720_000 : 180_000, skip: slow && !heavy && 'slow: set KEELSON_HEAVY=1' };
}

describe('conformance', { skip: skip ?? false, timeout: 3_600_000 }, () => {
  const own = skip || given ? undefined : new RealCluster('conf', ['--runtime', 'model', '--nodes', '2']);
  const config = new KubeConfig();
  const kubeconfig = given ?? own?.kubeconfig ?? '';
  before(async () => {
    await own?.up();
    config.loadFromFile(kubeconfig);
  });
  after(() => own?.down());

  const cluster = { config, kubeconfig, kubectl: kubectl ?? '' };
  test('every stable operation is answered as it should be, and docs/api-coverage.md says so', { timeout: 300_000 }, () =>
    runSpec(cluster, async (context) => {
      const rows = await coverage(context);
      const faults = rows.flatMap(({ surface, outcomes }) =>
        outcomes.filter(({ fault }) => fault !== undefined).map((one) => ({ ...surface, ...one })),
      );
      assert.deepEqual(faults, []);
      if (own) assert.equal(readFileSync(coveragePage, 'utf8'), page(rows), 'make the page anew: node test/conformance/coverage/main.ts');
    }),
  );
  describeSpecs(areas, cluster, { atOnce, limits: limitsOf });
});

test('every spec stands for a title of Kubernetes’ suite', () => assert.deepEqual(strangers(areas), []));
