import { labelSelectorMatcher } from '@keelson/machinery';
import type { LabelSelector, PodTemplateSpec } from '@keelson/types';
import type { Column } from '../types.ts';

interface Workload {
  readonly selector?: LabelSelector | undefined;
  readonly template?: PodTemplateSpec | undefined;
}

/** A selector as the text `kubectl get -l` takes; empty when it selects everything or nothing. */
export function selectorText(selector: LabelSelector | undefined): string {
  return labelSelectorMatcher(selector).toString();
}

/** Containers, images and selector: what every workload shows in wide output. */
export function templateColumns<T>(spec: (object: T) => Workload): Column<T>[] {
  const containers = (object: T) => spec(object).template?.spec?.containers ?? [];
  return [
    {
      name: 'Containers',
      type: 'string',
      priority: 1,
      cell: (object) =>
        containers(object)
          .map(({ name }) => name)
          .join(','),
    },
    {
      name: 'Images',
      type: 'string',
      priority: 1,
      cell: (object) =>
        containers(object)
          .map(({ image }) => image)
          .join(','),
    },
    { name: 'Selector', type: 'string', priority: 1, cell: (object) => selectorText(spec(object).selector) || '<none>' },
  ];
}
