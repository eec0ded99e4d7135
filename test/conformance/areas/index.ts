import type { Specs } from '../specs.ts';
import { namespaces } from './namespaces.ts';

/** One per area, in the order they run. */
export const areas: Readonly<Record<string, Specs>> = { namespaces };
