import type { Container, Pod } from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import type { Runtime, RuntimeInfo } from '../cri/types.ts';
import { podSpec } from '../pod/containers.ts';
import type { ReadyImage } from './images.ts';

/** The first releases of container runtimes that mount images. Of others, nothing is known: they are asked. */
const since: Readonly<Record<string, readonly [major: number, minor: number]>> = { containerd: [2, 1], 'cri-o': [1, 31] };

/**
 * The images behind the image volumes a container mounts, by the volume's name; `ensure` sees that one is on the node, by its own policy.
 * @throws ConfigError where the runtime cannot mount images, and what `ensure` throws.
 */
export async function imageVolumes(
  runtime: Pick<Runtime, 'info'>,
  pod: Pod,
  container: Container,
  ensure: (stand: Container) => Promise<ReadyImage>,
): Promise<ReadonlyMap<string, string>> {
  const mounted = new Set((container.volumeMounts ?? []).map(({ name }) => name));
  const images = new Map<string, string>();
  for (const { name, image } of podSpec(pod).volumes ?? []) {
    if (!image || !mounted.has(name)) continue;
    const problem = cannotMountImages(await runtime.info());
    if (problem) throw new ConfigError(`cannot mount image volume "${name}": ${problem}`, 'CreateContainerError');
    const { pullPolicy, ...rest } = { ...container, image: image.reference ?? '', pullPolicy: image.pullPolicy };
    const { ref } = await ensure({ ...rest, imagePullPolicy: pullPolicy } as Container);
    images.set(name, ref);
  }
  return images;
}

/** Why a runtime cannot mount images; undefined: as far as is known, it can. Pure. */
export function cannotMountImages({ name, version }: Pick<RuntimeInfo, 'name' | 'version'>): string | undefined {
  const first = since[name];
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (!first || major === undefined) return undefined;
  const late = Number(major) > first[0] || (Number(major) === first[0] && Number(minor) >= first[1]);
  return late ? undefined : `${name} ${version} does not support image volumes, which need ${name} ${first.join('.')} or newer`;
}
