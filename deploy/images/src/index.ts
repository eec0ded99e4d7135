export * from './build.ts';
export * from './catalogue.ts';
export * from './containerd.ts';
export * from './inspect.ts';
export * from './oci.ts';
export * from './program.ts';
export * from './tar.ts';
