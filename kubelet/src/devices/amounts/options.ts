import type { Mount } from '../../cri/types.ts';
import type { DeviceOptions } from '../types.ts';
import type { Held } from './holdings.ts';

/** What a container gets with all it holds. Where two plugins want one place, the first has it. */
export function optionsOf(held: readonly Held[]): DeviceOptions {
  const responses = [...held].sort((a, b) => (a.resource < b.resource ? -1 : 1)).map(({ response }) => response);
  const mounts = responses.flatMap((one) =>
    one.mounts.map(
      ({ containerPath, hostPath, readOnly }): Mount => ({ containerPath, hostPath, readonly: readOnly, propagation: 'private' }),
    ),
  );
  const devices = responses.flatMap((one) =>
    one.devices.map(({ containerPath, hostPath, permissions }) => ({ containerPath, hostPath, permissions })),
  );
  return {
    env: firsts(responses.flatMap(({ envs }) => Object.entries(envs))),
    mounts: [...firsts(mounts.map((one) => [one.containerPath, one])).values()],
    devices: [...firsts(devices.map((one) => [one.containerPath, one])).values()],
    annotations: Object.fromEntries(firsts(responses.flatMap(({ annotations }) => Object.entries(annotations)))),
    cdiDevices: [...new Set(responses.flatMap(({ cdiDevices }) => cdiDevices.map(({ name }) => name)))],
  };
}

/** The first value of each key. */
function firsts<T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const [key, value] of entries) if (!found.has(key)) found.set(key, value);
  return found;
}
