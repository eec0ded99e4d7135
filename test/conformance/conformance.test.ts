import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { onPath, RealCluster, whyNotReal } from '../e2e/cluster.ts';
import { areas } from './areas/index.ts';
import { ClusterContext } from './context.ts';
import { coverage, coveragePage } from './coverage/coverage.ts';
import { page } from './coverage/page.ts';
import type { Spec } from './specs.ts';

/*
 * What Kubernetes' conformance suite asks for, in our own words. Against any cluster:
 *   KUBECONFIG=… node --test --test-name-pattern=REGEXP test/conformance/conformance.test.ts
 * Without KUBECONFIG, against one of our own whose nodes are models.
 */

const given = process.env.KUBECONFIG;
const kubectl = onPath('kubectl');
const skip = kubectl ? (given ? undefined : whyNotReal()) : 'there is no kubectl on the PATH';
if (skip) process.stderr.write(`conformance: skipped, ${skip}\n`);

const heavy = given !== undefined || process.env.KEELSON_HEAVY !== undefined;

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

  const runs = async (spec: Spec): Promise<void> => {
    const context = new ClusterContext(config, kubeconfig, kubectl ?? '');
    await context.open();
    try {
      await spec(context);
    } finally {
      await context.close();
    }
  };
  test('every stable operation is answered as it should be, and docs/api-coverage.md says so', { timeout: 300_000 }, () =>
    runs(async (context) => {
      const rows = await coverage(context);
      const faults = rows.flatMap(({ surface, outcomes }) =>
        outcomes.filter(({ fault }) => fault !== undefined).map((one) => ({ ...surface, ...one })),
      );
      assert.deepEqual(faults, []);
      if (own) assert.equal(readFileSync(coveragePage, 'utf8'), page(rows), 'make the page anew: node test/conformance/coverage/main.ts');
    }),
  );
  for (const [area, specs] of Object.entries(areas))
    describe(area, () => {
      for (const [title, spec] of Object.entries(specs)) test(title, limitsOf(title), () => runs(spec));
    });
});

test('every spec stands for a title of Kubernetes’ suite', () => {
  const rows = readFileSync(join(import.meta.dirname, 'titles.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  const titles = new Set(rows.map((row) => row.split('\t')[1]));
  const written = Object.values(areas).flatMap((specs) => Object.keys(specs).map((title) => title.split(' / ')[0]));
  assert.deepEqual(
    written.filter((title) => !titles.has(title)),
    [],
  );
});
