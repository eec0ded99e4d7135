/** Pods a second, each with a claim of one device, that the pure cycle places: `node scheduler/bench/devices.ts`. Prints; asserts nothing. */
import { performance } from 'node:perf_hooks';
import { seededRandom } from '@keelson/base';
import type { AllocationResult, DeviceClass, ResourceClaim, ResourceSlice } from '@keelson/types';
import { podInfo } from '../src/cache/pod-info.ts';
import { Cycle } from '../src/cycle/cycle.ts';
import { podDevices } from '../src/devices/claims.ts';
import { InUse } from '../src/devices/in-use.ts';
import { Inventory } from '../src/devices/inventory.ts';
import { plugins } from '../src/plugins/index.ts';
import { node, pod, table } from '../src/testdata.ts';

const pods = 500;
const driver = 'gpu.example.com';
const deviceClass = {
  metadata: { name: 'gpu' },
  spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
} as DeviceClass;
const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } }];

function slice(nodeName: string): ResourceSlice {
  const devices = Array.from({ length: 8 }, (_, i) => ({ name: `gpu-${i}` }));
  const spec = { driver, nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 }, devices };
  return { metadata: { name: nodeName }, spec } as unknown as ResourceSlice;
}

for (const nodes of [500, 5000]) {
  const random = seededRandom(1);
  const names = Array.from({ length: nodes }, (_, i) => `node-${i}`);
  const all = table(names.map((name) => node(name)));
  const cycle = new Cycle(all, plugins);
  const [inventory, inUse] = [new Inventory(), new InUse()];
  for (const name of names) inventory.set(slice(name));
  let placed = 0;
  const start = performance.now();
  for (let i = 0; i < pods; i++) {
    const claim = {
      metadata: { name: `c-${i}`, namespace: 'ns', uid: `c-${i}` },
      spec: { devices: { requests } },
    } as unknown as ResourceClaim;
    const view = { claim: () => claim, isPending: () => false, deviceClass: () => deviceClass, inUse, inventory };
    const waiting = pod(`pod-${i}`, { spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: `c-${i}` }] } });
    const patience = { isHopeless: () => false, begin: () => () => false };
    const devices = podDevices(waiting, view, random, patience);
    const decision = cycle.decide(podInfo(waiting), { devices }, random);
    if (decision.type === 'none' || !devices) continue;
    const found = devices.on(all.nodes[decision.row] as Parameters<typeof devices.on>[0]);
    if (found.type === 'results') inUse.set(`c-${i}`, found.results()[0] as AllocationResult);
    all.addPod(podInfo(waiting), all.nameOf(decision.row));
    placed++;
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(`${String(Math.round(pods / seconds)).padStart(6)} pods/s  (${placed} of ${pods} with a device placed on ${nodes} nodes)`);
}
