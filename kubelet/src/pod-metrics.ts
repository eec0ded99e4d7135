import type { Pod } from '@keelson/types';
import { Gauge, type Registry } from 'prom-client';
import { isStatic } from './pod/annotations.ts';
import type { PodRecord } from './worker/record.ts';

/** Who knows which pods there are. */
export interface KnownPods {
  readonly workers: { readonly all: readonly PodRecord[] };
  readonly source: { readonly mirrors: readonly Pod[] };
}

const origins = ['', 'true'] as const;
const kinds = [
  { config: 'desired', static: '' },
  { config: 'desired', static: 'true' },
  { config: 'orphan', static: '' },
  { config: 'orphan', static: 'true' },
  { config: 'runtime_only', static: 'unknown' },
] as const;
const stages = ['sync', 'terminating', 'terminated'] as const;

/** Has gauges follow the node's pods, under Kubernetes' names and with its labels. */
export function observePods(registry: Registry, { workers, source }: KnownPods): void {
  const registers = [registry];
  const byOrigin = (name: string, help: string, counts: (record: PodRecord) => boolean): void => {
    new Gauge({
      ...{ name, help, labelNames: ['static'], registers },
      collect() {
        for (const each of origins) this.set({ static: each }, workers.all.filter((one) => originOf(one) === each && counts(one)).length);
      },
    });
  };
  byOrigin('kubelet_desired_pods', 'Pods this node is to run; static ones are its own.', ({ removed }) => !removed);
  byOrigin('kubelet_active_pods', 'Pods that count when others are taken.', isActive);
  new Gauge({
    ...{ name: 'kubelet_mirror_pods', help: 'Pods of the API server that show static ones.', registers },
    collect() {
      this.set(source.mirrors.length);
    },
  });
  new Gauge({
    ...{ name: 'kubelet_working_pods', help: 'Pods by who wants them and how far they are.', registers },
    labelNames: ['config', 'lifecycle', 'static'],
    collect() {
      this.reset();
      for (const kind of kinds) for (const lifecycle of stages) this.set(labelled(kind, lifecycle), 0);
      for (const record of workers.all) this.inc(labelled(kindOf(record), stageOf(record)));
    },
  });
}

/** In the order in which Kubernetes' metrics have their labels. */
function labelled({ config, static: origin }: (typeof kinds)[number], lifecycle: (typeof stages)[number]): Record<string, string> {
  return { config, lifecycle, static: origin };
}

function originOf({ pod }: PodRecord): (typeof origins)[number] {
  return isStatic(pod) ? 'true' : '';
}

function isActive({ removed, status }: PodRecord): boolean {
  return !removed && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

function kindOf(record: PodRecord): (typeof kinds)[number] {
  // Of a pod that no source ever named there is only what runs.
  if (record.pod.spec?.containers.length === 0) return { config: 'runtime_only', static: 'unknown' };
  return { config: record.removed ? 'orphan' : 'desired', static: originOf(record) };
}

function stageOf({ ending, observed }: PodRecord): (typeof stages)[number] {
  if (!ending.aborted) return 'sync';
  const runs = observed.containers.some(({ phase }) => phase === 'running' || phase === 'unknown');
  return runs || observed.sandboxes.some(({ ready }) => ready) ? 'terminating' : 'terminated';
}
