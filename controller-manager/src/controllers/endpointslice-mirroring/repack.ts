import { stableJson } from '@keelson/machinery';
import type { EndpointAddress, EndpointSubset } from '@keelson/types';

/** What one port, or no port at all, leads to. */
interface Target {
  readonly port: NonNullable<EndpointSubset['ports']>[number] | undefined;
  readonly standings: Map<string, Standing>;
}

interface Standing {
  readonly address: EndpointAddress;
  readonly ready: boolean;
}

/** Ports that the same addresses have stand together, as upstream, however the subsets were written. */
export function repacked(subsets: readonly EndpointSubset[]): EndpointSubset[] {
  const groups = Map.groupBy(targetsOf(subsets), ({ standings }) => keyOf(standings));
  return [...groups.values()].map((targets) => {
    const standings = [...(targets[0]?.standings.values() ?? [])];
    const some = (ready: boolean): EndpointAddress[] => standings.filter((one) => one.ready === ready).map(({ address }) => address);
    return { ports: targets.flatMap(({ port }) => port ?? []), addresses: some(true), notReadyAddresses: some(false) };
  });
}

/** Of two words on one address and port, the one that it is not ready counts. */
function targetsOf(subsets: readonly EndpointSubset[]): Target[] {
  const targets = new Map<string, Target>();
  for (const { ports = [], addresses = [], notReadyAddresses = [] } of subsets) {
    for (const port of ports.length > 0 ? ports : [undefined]) {
      const name = port ? stableJson(port) : '';
      const { standings } = targets.get(name) ?? { standings: new Map<string, Standing>() };
      targets.set(name, { port, standings });
      for (const address of addresses) standings.set(idOf(address), standings.get(idOf(address)) ?? { address, ready: true });
      for (const address of notReadyAddresses) standings.set(idOf(address), { address, ready: false });
    }
  }
  return [...targets.values()];
}

function keyOf(standings: ReadonlyMap<string, Standing>): string {
  return [...standings]
    .map(([id, { ready }]) => `${id}/${ready}`)
    .sort()
    .join();
}

function idOf({ ip, targetRef }: EndpointAddress): string {
  return `${ip}/${targetRef?.uid ?? ''}`;
}
