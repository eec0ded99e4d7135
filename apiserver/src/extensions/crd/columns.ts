import type { KubeObject } from '@keelson/client';
import { humanDuration, type JsonPath, parseJsonPath, parseTime, printJsonPathValue } from '@keelson/machinery';
import type { CustomResourceColumnDefinition } from '@keelson/types';
import { ageColumn, nameColumn } from '../../kinds/columns.ts';
import type { Column } from '../../kinds/types.ts';

/**
 * The columns of a custom resource: its name, then what its definition lists, up to the first with a path that is none; its age where that
 * lists nothing.
 */
export function columnsOf(definitions: readonly CustomResourceColumnDefinition[] | undefined): Column<KubeObject>[] {
  const listed = definitions ?? [];
  if (listed.length === 0) return [nameColumn, { ...ageColumn, type: 'date' as const }];
  const paths = listed.map(({ jsonPath }) => attempt(() => parseJsonPath(`{${jsonPath}}`)));
  const broken = paths.indexOf(undefined);
  const readable = paths.slice(0, broken < 0 ? undefined : broken) as readonly JsonPath[];
  return [nameColumn, ...readable.map((path, index) => column(listed[index] as CustomResourceColumnDefinition, path))];
}

/** Of what a path finds, the first is shown. */
function column(
  { name, type, format = '', description, priority = 0, jsonPath }: CustomResourceColumnDefinition,
  path: JsonPath,
): Column<KubeObject> {
  return {
    ...{ name, type: type as Column<KubeObject>['type'], format, priority },
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    cell: (object, now) => {
      const [found = []] = attempt(() => path.find(object, { allowMissingKeys: true })) ?? [];
      return found.length === 0 ? null : cellOf(found[0], type, now);
    },
  };
}

/** What upstream shows: nothing where the value is not of the column's type, but of texts, which all can be shown as. */
function cellOf(value: unknown, type: string, now: number): string | number | boolean | null {
  switch (type) {
    case 'integer':
    case 'number':
      return typeof value === 'number' ? (type === 'integer' ? Math.trunc(value) : value) : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageAt(value, now) : null;
    default:
      return value === null ? '<no value>' : printJsonPathValue(value);
  }
}

function ageAt(text: string, now: number): string {
  if (text === '' || text === 'null') return '<unknown>';
  const time = parseTime(text);
  return time === undefined ? '<invalid>' : humanDuration(now - time);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
