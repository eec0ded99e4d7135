import { isObject } from '../patch/json-object.ts';
import { checkConfiguration, problemsText } from './check.ts';
import { mergeConfiguration } from './merge.ts';
import { typeFor } from './own.ts';
import type { MergeType } from './type.ts';

/**
 * Lays a mutation's configuration over an object. What would be replaced as a whole it may not speak of: what it leaves out would be lost.
 * @throws Error for what does not fit the type or may not be spoken of, in upstream's words.
 */
export function overlay(object: object, config: object, type: MergeType): object {
  const problems = checkConfiguration(config, type);
  if (problems.length > 0) throw new Error(`failed to convert patch object to typed object: ${problemsText(problems)}`);
  const wholes = wholesIn(config, type, '');
  if (wholes.length > 0) throw new Error(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${wholes.join(', ')}`);
  return mergeConfiguration(object, config, type) as object;
}

/** The paths of lists and maps that merge only as a whole. */
function wholesIn(value: unknown, declared: MergeType, path: string): string[] {
  const type = typeFor(value, declared);
  if (type.is === 'map' && isObject(value)) {
    const members = Object.entries(value).flatMap(([name, member]) => {
      const field = type.fields.get(name);
      return field ? wholesIn(member, field.type, `${path}.${name}`) : [];
    });
    return type.atomic ? [path, ...members] : members;
  }
  if (type.is !== 'list' || !Array.isArray(value)) return [];
  const items = value.flatMap((item, i) => wholesIn(item, type.items, `${path}[${i}]`));
  return type.how === 'atomic' ? [path, ...items] : items;
}
