import { errorMessage } from '@keelson/base';
import { Event, type Pod } from '@keelson/types';
import { podCgroup } from '../config/resources.ts';
import type { KubeletDeps } from '../deps.ts';
import { Footprints } from '../footprint/footprints.ts';
import type { ImageCollector } from '../image/collector.ts';
import { isStatic } from '../pod/annotations.ts';
import { noCgroups } from '../worker/cgroups.ts';
import type { PodWorkers } from '../worker/workers.ts';
import { evictionEvent } from './event.ts';
import type { Eviction, EvictionDeps } from './manager.ts';
import { plenty } from './signals.ts';

/** What a node's eviction works on and tells. */
interface Agent {
  readonly workers: PodWorkers;
  readonly images: ImageCollector;
  /** The node's pressures changed. */
  pressures(): void;
  event(pod: Pod, message: string): void;
}

/** What a kubelet's eviction needs, from what the kubelet has. */
export function evictionOf(deps: KubeletDeps, { workers, images, pressures, event }: Agent): EvictionDeps {
  const { cgroups = noCgroups, clock, config, host, measure, metrics, runtime } = deps;
  const footprints = deps.footprints ?? new Footprints(host, config.paths, clock);
  return {
    clock,
    workers,
    settings: config.eviction,
    measure: async () => measure?.() ?? plenty,
    usage: {
      containers: () => runtime.containers.stats(),
      footprint: (record) => footprints.of(record),
      processes: async (pod) => (await cgroups.processes(podCgroup(pod, config.cgroupRoot))) ?? 0,
    },
    reclaim: { containers: () => workers.removeEnded(), images: () => images.removeUnused() },
    isStatic,
    tell: {
      pressures,
      reclaiming: (resource) => tellNode(deps, `Attempting to reclaim ${resource}`),
      evicted(eviction) {
        metrics?.countEviction(eviction.signal);
        if (eviction.annotations) tellInFull(deps, eviction);
        else event(eviction.pod, eviction.message);
      },
    },
  };
}

/** The kubelet's events about its node give the name for the uid, as upstream. */
function tellNode({ config, events }: KubeletDeps, message: string): void {
  const { name } = config.node;
  events.event({ apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name } }, 'Warning', 'EvictionThresholdMet', message);
}

function tellInFull({ api, clock, config, log }: KubeletDeps, eviction: Eviction): void {
  api
    .create(Event, evictionEvent(eviction, config.node.name, clock.now()))
    .catch((error: unknown) => log.warn('cannot tell of an eviction', { error: errorMessage(error) }));
}
