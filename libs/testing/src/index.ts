export * from './builders.ts';
export * from './eventually.ts';
export * from './free-ports.ts';
export * from './hand-clock.ts';
export * from './recording-logger.ts';
export * from './simulated-clock.ts';
