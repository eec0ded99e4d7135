export * from './apply.ts';
export * from './catalogue.ts';
export * from './images.ts';
