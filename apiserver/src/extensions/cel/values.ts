export { fromCel, toCel } from '@keelson/cel';
