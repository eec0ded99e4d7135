import { errorMessage } from '@keelson/base';
import type { Node } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';
import { claimKeysOf, type PodDevices } from '../devices/claims.ts';
import { scaleUp } from './normalize.ts';
import { always, eachOpen, type Plugin, type Question } from './types.ts';

const name = 'DynamicResources';

/** Alternatives of a request there may be. */
const mostAlternatives = 8;

/** The pod's claims have devices that can be used on the node, or get some there. */
export const dynamicResources: Plugin = {
  name,
  scope: 'cluster',
  weight: 2,
  requeueOn: {
    NodeAdd: always,
    NodeLabel: always,
    NodeTaint: usesDevices,
    OwnResourceClaim: always,
    ResourceClaimChange: ({ pod }, { key, freed }) => freed || claimKeysOf(pod).includes(key),
    ResourceSliceChange: always,
    DeviceClassChange: always,
  },
  filter({ table, reasons, devices }) {
    if (!devices) return undefined;
    const elsewhere = reasons.code(name, false, 'resourceclaim not available on the node');
    return eachOpen((row) => {
      const node = table.nodes[row];
      if (!node) return elsewhere;
      const found = lookOn(devices, node);
      if (found.type === 'none') return reasons.code(name, false, found.words);
      return devices.unusable(node).length > 0 ? elsewhere : 0;
    });
  },
  score({ table, devices }: Question) {
    if (!devices?.claims.some(hasAlternatives)) return undefined;
    return {
      score(rows, scores) {
        for (const row of rows) {
          const node = table.nodes[row];
          const found = node && devices.on(node);
          scores[row] = found?.type === 'results' ? preference(devices, found.results()) : 0;
        }
      },
      normalize: scaleUp,
    };
  },
};

/** @throws Error as upstream's framework tells it: nobody looks at other nodes then */
function lookOn(devices: PodDevices, node: Node): ReturnType<PodDevices['on']> {
  try {
    return devices.on(node);
  } catch (error) {
    throw new Error(`running "${name}" filter plugin: ${errorMessage(error)}`, { cause: error });
  }
}

function usesDevices({ pod }: PodInfo): boolean {
  return (pod.spec?.resourceClaims ?? []).length > 0;
}

type Claim = PodDevices['claims'][number];

function hasAlternatives({ spec, status }: Claim): boolean {
  return !status?.allocation && (spec.devices?.requests?.some(({ firstAvailable }) => firstAvailable?.length) ?? false);
}

/** The more, the earlier the alternatives that were found. */
function preference({ claims }: PodDevices, results: readonly NonNullable<NonNullable<Claim['status']>['allocation']>[]): number {
  const wanting = claims.filter(({ status }) => !status?.allocation);
  let sum = 0;
  for (const [i, { spec }] of wanting.entries()) {
    const given = new Set(results[i]?.devices?.results?.map(({ request }) => request));
    for (const request of spec.devices?.requests ?? [])
      for (const [place, one] of (request.firstAvailable ?? []).entries())
        if (given.has(`${request.name}/${one.name}`)) sum += mostAlternatives - place;
  }
  return sum;
}
