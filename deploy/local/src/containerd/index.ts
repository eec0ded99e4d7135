export { removeCgroups } from './cgroups.ts';
export { type ContainerdConfig, type ContainerdPaths, containerdConfig, containerdPaths } from './config.ts';
export { answers, type Containerd, containerdVersion, runningContainerd, type StartContainerd, startContainerd } from './containerd.ts';
export { shareMounts, unmountBeneath } from './mounts.ts';
export { type PodRuntime, type RemoveEverything, removeEverything } from './remove.ts';
