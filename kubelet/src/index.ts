export { type ModelOptions, ModelRuntime } from './cri/model/index.ts';
export type { KubeletConfig, KubeletDeps, PodNetwork } from './deps.ts';
export { createKubelet, type Kubelet } from './kubelet.ts';
export { modelMachine } from './node/facts.ts';
export { modelProber } from './probe/prober.ts';
export { component } from './run.ts';
export { MemoryHost } from './volume/memory.ts';
