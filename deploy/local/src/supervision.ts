/** What a process that watches over others needs, and nothing that would make it larger. */
export { clusterPaths } from './cluster/paths.ts';
export { runningContainerd, startContainerd } from './containerd/containerd.ts';
export { addSbin } from './machine/command.ts';
export { keepRunning } from './process/keep-running.ts';
export { running, start } from './process/processes.ts';
