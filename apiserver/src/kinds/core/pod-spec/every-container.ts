import type { Container, PodSpec } from '@keelson/types';

const members = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** All containers of a pod, with the list they stand in and their place in it. */
export function* everyContainer(spec: PodSpec): Generator<[container: Container, member: (typeof members)[number], index: number]> {
  for (const member of members) {
    const list = spec[member] as readonly Container[] | undefined;
    if (list) for (let index = 0; index < list.length; index++) yield [list[index] as Container, member, index];
  }
}
