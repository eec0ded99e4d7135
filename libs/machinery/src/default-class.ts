import type { IngressClass, StorageClass } from '@keelson/types';
import { compareStrings } from './go-text.ts';

const marks = {
  IngressClass: ['ingressclass.kubernetes.io/is-default-class'],
  StorageClass: ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'],
} as const;

/** Whether a class is marked as the one of objects that leave theirs open. */
export function isDefaultClass(kind: keyof typeof marks, { metadata }: Readonly<IngressClass | StorageClass>): boolean {
  return marks[kind].some((mark) => metadata.annotations?.[mark] === 'true');
}

/** The newest of those so marked; of equally new ones the first by name. Undefined where none is. */
export function defaultClassOf<T extends IngressClass | StorageClass>(
  kind: keyof typeof marks,
  classes: readonly Readonly<T>[],
): Readonly<T> | undefined {
  const madeAt = ({ metadata }: Readonly<T>): string => metadata.creationTimestamp ?? '';
  const nameOf = ({ metadata }: Readonly<T>): string => metadata.name ?? '';
  const marked = classes.filter((one) => isDefaultClass(kind, one));
  return marked.toSorted((a, b) => compareStrings(madeAt(b), madeAt(a)) || compareStrings(nameOf(a), nameOf(b)))[0];
}
