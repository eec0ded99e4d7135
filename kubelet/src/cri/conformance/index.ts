export { containerSample, sandboxSample } from './samples.ts';
export { read, runtimeConformance, type Subject } from './suite.ts';
