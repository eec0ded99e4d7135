import type { KubeObject } from '@keelson/client';
import { humanDuration, parseJsonPath } from '@keelson/machinery';
import type { CustomResourceColumnDefinition } from '@keelson/types';
import { ageColumn, nameColumn } from '../../kinds/columns.ts';
import type { Column } from '../../kinds/types.ts';

/** The columns of a custom resource: its name, then what its definition lists; its age where that lists nothing. */
export function columnsOf(definitions: readonly CustomResourceColumnDefinition[] | undefined): Column<KubeObject>[] {
  const own = (definitions ?? []).map(column);
  return [nameColumn, ...(own.length > 0 ? own : [{ ...ageColumn, type: 'date' as const }])];
}

function column({ name, type, format = '', description, priority = 0, jsonPath }: CustomResourceColumnDefinition): Column<KubeObject> {
  const path = parseJsonPath(`{${jsonPath}}`);
  return {
    ...{ name, type: type as Column<KubeObject>['type'], format, priority },
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    cell: (object, now) => {
      const found = attempt(() => path.find(object, { allowMissingKeys: true })) ?? [];
      const values = found.flat();
      return values.length === 0 ? null : cellOf(values.length === 1 ? values[0] : values, type, now);
    },
  };
}

/** What upstream shows: nothing where the value is not of the column's type. */
function cellOf(value: unknown, type: string, now: number): string | number | boolean | null {
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? (type === 'integer' ? Math.trunc(value) : value) : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date': {
      const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      return Number.isNaN(time) ? '<invalid>' : humanDuration(now - time);
    }
    default:
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
