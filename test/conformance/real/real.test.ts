import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { onPath } from '../../e2e/cluster.ts';
import { describeSpecs, strangers } from '../suite.ts';
import { realAreas } from './index.ts';

/*
 * What Kubernetes' conformance suite asks of real containers. It takes long, so it runs only where it is asked for:
 *   npm run up -- --netns NAME --data-dir /tmp/NAME
 *   export KUBECONFIG=/tmp/NAME/admin.kubeconfig
 *   KEELSON_REAL=4 node --test --test-name-pattern=REGEXP test/conformance/real/real.test.ts
 * KEELSON_REAL says how many specs run at once; names are `AREA: TITLE`. From a network namespace, put
 * `nsenter --net=/run/netns/NAME` before `node`: specs that reach pods and services by their addresses need it.
 * Images: see images.ts.
 */

const kubeconfig = process.env.KUBECONFIG ?? '';
const atOnce = Number(process.env.KEELSON_REAL ?? 0);
const kubectl = onPath('kubectl') ?? '';

function whyNot(): string | false {
  if (atOnce < 1) return 'real containers take long: set KEELSON_REAL=4';
  if (!kubeconfig) return 'it needs a cluster: set KUBECONFIG';
  return !kubectl && 'there is no kubectl on the PATH';
}

const skip = whyNot();
if (skip) process.stderr.write(`conformance on real containers: skipped, ${skip}\n`);

describe('conformance on real containers', { skip, timeout: 7_200_000 }, () => {
  const config = new KubeConfig();
  before(() => config.loadFromFile(kubeconfig));
  describeSpecs(realAreas, { config, kubeconfig, kubectl }, { atOnce: Math.max(1, atOnce), limits: () => ({ timeout: 900_000 }) });
});

test('every spec on real containers stands for a title of Kubernetes’ suite', () => assert.deepEqual(strangers(realAreas), []));
