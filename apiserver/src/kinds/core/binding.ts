import { Binding } from '@keelson/types';
import type { KindDefinition } from '../types.ts';
import { bindPod } from './pod-binding.ts';

/** As `pods/<name>/binding`, from the time before subresources. */
export const bindingKind: KindDefinition<Binding> = { kind: Binding, verbs: ['create'], answer: bindPod };
