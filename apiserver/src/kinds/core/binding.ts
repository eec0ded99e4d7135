import { Binding } from '@keelson/types';
import type { ServedKind } from '../served-kind.ts';
import { bindPod } from './pod-binding.ts';

/** As `pods/<name>/binding`, from the time before subresources. */
export const bindingKind: ServedKind<Binding> = { kind: Binding, verbs: ['create'], answer: bindPod };
