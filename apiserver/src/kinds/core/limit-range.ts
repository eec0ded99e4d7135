import { LimitRange, type LimitRangeItem } from '@keelson/types';
import { defaultColumns } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { limitRangeErrors } from './limit-range-validation.ts';

export const limitRangeKind: KindDefinition<LimitRange> = {
  kind: LimitRange,
  createOnUpdate: true,
  defaults({ spec }) {
    for (const item of spec?.limits ?? []) if (item.type === 'Container') defaultContainerLimits(item);
  },
  prepareCreate({ metadata }, { random }) {
    metadata.name ||= random.uuid();
  },
  validate: limitRangeErrors,
  columns: defaultColumns,
};

/** A container that says nothing is limited to the maximum; it requests what it is limited to, or else the minimum. */
function defaultContainerLimits(item: LimitRangeItem): void {
  const limits = { ...item.max, ...item.default };
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}
