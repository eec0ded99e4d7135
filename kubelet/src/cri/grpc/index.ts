export { GrpcRuntime, type GrpcRuntimeOptions } from './runtime.ts';
