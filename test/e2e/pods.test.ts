import { after, before, describe, test } from 'node:test';
import { whyNotReal } from './cluster.ts';
import { admission } from './pods/admission.ts';
import { alone } from './pods/alone.ts';
import { Bench } from './pods/bench.ts';
import { devices, devicesAlone } from './pods/devices.ts';
import { environment } from './pods/environment.ts';
import { imagesAndStreams } from './pods/images-and-streams.ts';
import { isolation } from './pods/isolation.ts';
import { lifecycle } from './pods/lifecycle.ts';
import { resize, resizeAlone } from './pods/resize.ts';
import { restart } from './pods/restart.ts';
import { storageLimits } from './pods/storage-limits.ts';
import { volumes } from './pods/volumes.ts';
import { claims } from './pods/volumes-claims.ts';
import { csi } from './pods/volumes-csi.ts';
import { volumeEdges } from './pods/volumes-edges.ts';

/*
 * What users and Kubernetes' conformance tests expect of a kubelet, of a real one. Subtests run side by side, each on pods of its own.
 */

const skip = whyNotReal();
if (skip) process.stderr.write(`pods in real containers: skipped, ${skip}\n`);

const sideBySide = {
  ...admission,
  ...environment,
  ...volumes,
  ...claims,
  ...volumeEdges,
  ...csi,
  ...devices,
  ...lifecycle,
  ...isolation,
  ...imagesAndStreams,
  ...resize,
  ...restart,
  ...storageLimits,
};

describe('pods on a real node', { skip: skip ?? false, timeout: 480_000 }, () => {
  const bench = skip ? (undefined as unknown as Bench) : new Bench();
  before(() => bench.up());
  after(() => bench.down());

  describe('side by side', { concurrency: 6 }, () => {
    for (const [name, run] of Object.entries(sideBySide)) test(name, () => run(bench));
  });
  for (const [name, run] of Object.entries({ ...resizeAlone, ...devicesAlone, ...alone })) test(name, () => run(bench));
});
