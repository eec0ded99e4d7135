import assert from 'node:assert/strict';
import type { Pod, ResourceRequirements } from '@keelson/types';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import type { Spec, Specs } from '../specs.ts';
import { conditionIs, execScript, once, ready, rest, restartsOf, shell, untilPod } from './run.ts';

const area = '[sig-node] Pod InPlace Resize Container';
const kubelet = '[MinimumKubeletVersion:1.34]';

type Amounts = { readonly cpu?: string; readonly memory?: string };
type Resources = { readonly requests?: Amounts; readonly limits?: Amounts };
/** By the names of the containers. */
type Wanted = Readonly<Record<string, Resources>>;

const even = (cpu: number, memory: number): Resources => {
  const both = { cpu: `${cpu}m`, memory: `${memory}Mi` };
  return { requests: both, limits: both };
};

/** What the strictest level of Pod Security asks for. */
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
};
const restrictedPod = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } };

const milli = (cpu: string | undefined): number => Number.parseInt(cpu ?? '0', 10);
const bytes = (memory: string): number => Number.parseInt(memory, 10) * 2 ** 20;

/** What a container's cgroup must say: shares or weight, one of two quotas (runc may round up to 10m), memory if limited. */
function expectations({ requests, limits }: Resources, isV2: boolean): { file: string; values: string[] }[] {
  const shares = Math.max(2, Math.floor((milli(requests?.cpu ?? limits?.cpu) * 1024) / 1000));
  const quotas = limits?.cpu ? [milli(limits.cpu), Math.ceil(milli(limits.cpu) / 10) * 10].map((m) => `${Math.max(1000, m * 100)}`) : [];
  const all = isV2
    ? [
        { file: 'cpu.weight', values: [`${1 + Math.floor(((shares - 2) * 9999) / 262_142)}`] },
        { file: 'cpu.max', values: quotas.length > 0 ? quotas.map((quota) => `${quota} 100000`) : ['max 100000'] },
      ]
    : [
        { file: 'cpu/cpu.shares', values: [`${shares}`] },
        { file: 'cpu/cpu.cfs_quota_us', values: quotas.length > 0 ? quotas : ['-1'] },
      ];
  if (limits?.memory) all.push({ file: isV2 ? 'memory.max' : 'memory/memory.limit_in_bytes', values: [`${bytes(limits.memory)}`] });
  return all;
}

async function cgroupsAre(c: Context, wanted: Wanted): Promise<void> {
  for (const [name, resources] of Object.entries(wanted)) {
    const isV2 = (await execScript(c, 'resized', 'test -f /sys/fs/cgroup/cgroup.controllers; echo $?', name)).trim() === '0';
    for (const { file, values } of expectations(resources, isV2)) {
      const found = (await execScript(c, 'resized', `head -n 1 /sys/fs/cgroup/${file}`, name)).trim();
      assert.ok(values.includes(found), `${name} ${file}: ${found}, not ${values}`);
    }
  }
}

const statesAre = ({ status }: Pod, wanted: Wanted): void =>
  assert.deepEqual(
    status?.containerStatuses?.map(({ name, resources }) => [name, resources]),
    Object.entries(wanted),
  );

const specIs = ({ spec }: Pod, wanted: Wanted): void =>
  assert.deepEqual(
    spec.containers.map(({ name, resources }) => [name, resources]),
    Object.entries(wanted),
  );

const isResizing = (pod: Pod): boolean => ['PodResizePending', 'PodResizeInProgress'].some((type) => conditionIs(pod, type, 'True'));

/** Everything asked for is in force, says so, and stays so; nothing was restarted. */
async function resized(c: Context, wanted: Wanted): Promise<void> {
  const inForce = (pod: Pod): boolean => {
    try {
      statesAre(pod, wanted);
      return !isResizing(pod) && conditionIs(pod, 'Ready', 'True');
    } catch {
      return false;
    }
  };
  await untilPod(c, 'resized', inForce);
  const pod = await podsOf(c).get('resized');
  await cgroupsAre(c, wanted);
  for (const later of [pod, await settled(c)]) {
    statesAre(later, wanted);
    assert.ok(!isResizing(later), JSON.stringify(later.status?.conditions));
    for (const name of Object.keys(wanted)) assert.equal(restartsOf(later, name), 0);
    assert.deepEqual(
      later.status?.containerStatuses?.map(({ allocatedResources }) => allocatedResources ?? {}),
      Object.values(wanted).map(({ requests }) => requests ?? {}),
    );
  }
}

async function settled(c: Context): Promise<Pod> {
  await rest(2000);
  return podsOf(c).get('resized');
}

/** A running pod, verified as soon as it is ready. */
async function create(c: Context, wanted: Wanted): Promise<Pod> {
  const containers = Object.entries(wanted).map(([name, resources]) =>
    shell('grep Cpus_allowed_list /proc/self/status | cut -f2 && sleep 1d', { name, resources, securityContext: restricted }),
  );
  const pod = once('resized', containers, {
    ...{ os: { name: 'linux' }, restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 0 },
    securityContext: restrictedPod,
  });
  await podsOf(c).create(pod);
  const made = await ready(c, 'resized');
  specIs(made, wanted);
  statesAre(made, wanted);
  await cgroupsAre(c, wanted);
  return made;
}

async function patch(c: Context, wanted: Wanted): Promise<void> {
  const containers = Object.entries(wanted).map(([name, resources]) => ({ name, resources }));
  specIs(await podsOf(c).patch('resized/resize', { spec: { containers } }), wanted);
  await resized(c, wanted);
}

/** There, and back where nothing was added that cannot be taken away. */
const resizes =
  (before: Wanted, after: Wanted, back = true): Spec =>
  async (c) => {
    await create(c, before);
    await patch(c, after);
    if (back) await patch(c, before);
    await podsOf(c).remove('resized');
    await podsOf(c).gone('resized');
  };

const three: Wanted = { c1: even(20, 35), c2: even(22, 37), c3: even(24, 39) };
const guaranteed = `${area} guaranteed pods with multiple containers 3 containers`;

export const resize: Specs = {
  [`${guaranteed} - increase cpu & mem on c1, c2, decrease cpu & mem on c3 - net increase ${kubelet}`]: resizes(three, {
    c1: even(25, 40),
    c2: even(27, 42),
    c3: even(19, 34),
  }),
  [`${guaranteed} - increase cpu & mem on c1, decrease cpu & mem on c2, c3 - net decrease ${kubelet}`]: resizes(three, {
    c1: even(25, 40),
    c2: even(17, 32),
    c3: even(19, 34),
  }),
  [`${guaranteed} - increase: CPU (c1,c3), memory (c2, c3) ; decrease: CPU (c2) ${kubelet}`]: resizes(three, {
    c1: even(25, 35),
    c2: even(17, 42),
    c3: even(29, 44),
  }),
  [`${area} burstable pods - extended 6 containers - various operations performed (including adding limits and requests) ${kubelet}`]:
    resizes(
      {
        c1: { requests: { cpu: '20m' } },
        c2: { requests: { memory: '35Mi' } },
        c3: { requests: { cpu: '20m', memory: '35Mi' } },
        c4: { requests: { cpu: '20m' } },
        c5: { requests: { memory: '35Mi' } },
      },
      {
        c1: { requests: { cpu: '25m' }, limits: { cpu: '35m' } },
        c2: { requests: { memory: '30Mi' }, limits: { memory: '50Mi' } },
        c3: { requests: { cpu: '20m', memory: '30Mi' } },
        c4: { requests: { cpu: '15m', memory: '35Mi' } },
        c5: { requests: { cpu: '20m', memory: '40Mi' } },
      },
      false,
    ),
  [`${area} burstable pods - extended resize with equivalents ${kubelet}`]: resizes(
    { c1: { requests: { cpu: '2m' }, limits: { cpu: '10m' } } },
    { c1: { requests: { cpu: '1m' }, limits: { cpu: '5m' } } },
  ),
  async [`${area} resize pod via the replace endpoint ${kubelet}`](c) {
    const made = await create(c, { c1: { requests: { cpu: '20m', memory: '35Mi' } } });
    assert.equal(made.metadata.generation, 1);
    const wanted: Wanted = { c1: { requests: { cpu: '25m', memory: '40Mi' } } };
    const resources = wanted.c1 as ResourceRequirements;
    const change = (pod: Pod): Pod => ({
      ...pod,
      spec: { ...pod.spec, containers: pod.spec.containers.map((one) => ({ ...one, resources })) },
    });
    const replaced = await podsOf(c).update('resized', change as never, '/resize');
    specIs(replaced, wanted);
    assert.equal(replaced.metadata.generation, 2);
    await resized(c, wanted);
    const [through, plain] = [await podsOf(c).get('resized/resize'), await podsOf(c).get('resized')];
    assert.deepEqual(through, plain);
  },
};
