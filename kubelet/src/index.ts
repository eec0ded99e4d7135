export { type ModelOptions, ModelRuntime } from './cri/model/index.ts';
export { createKubelet, type Kubelet, type KubeletConfig, type KubeletDeps, type PodNetwork } from './kubelet.ts';
export { modelMachine } from './node/facts.ts';
export { modelProber } from './probe/prober.ts';
export { component } from './run.ts';
export { MemoryHost } from './volume/memory.ts';
