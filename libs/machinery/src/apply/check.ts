import { goPrint, goSyntax, goTypeOf } from '../go-text.ts';
import { isObject } from '../patch/json-object.ts';
import { elementText, itemElement } from './element.ts';
import { typeFor } from './own.ts';
import { type ListType, type MapType, type MergeType, memberOf, type ScalarType } from './type.ts';

/** Whether a configuration has its type's shape: what does not fit, in upstream's words. Empty when all does; null fits everywhere. */
export function checkConfiguration(config: unknown, type: MergeType): string[] {
  const problems: string[] = [];
  checkValue(config, type, '', problems);
  return problems;
}

/** Several problems as upstream prints them. */
export function problemsText(problems: readonly string[]): string {
  return problems.length === 1 ? (problems[0] ?? '') : ['errors:', ...problems.map((problem) => `  ${problem}`)].join('\n');
}

function checkValue(value: unknown, declared: MergeType, path: string, problems: string[]): void {
  if (value === null || value === undefined) return;
  const type = typeFor(value, declared);
  if (type.is === 'map') {
    if (isObject(value)) checkMap(value, type, path, problems);
    else problems.push(`${path}: expected map, got ${shown(value)}`);
  } else if (type.is === 'list') {
    if (Array.isArray(value)) checkList(value, type, path, problems);
    else problems.push(`${path}: expected list, got ${shown(value)}`);
  } else if (type.is === 'scalar') checkScalar(value, type.of, path, problems);
}

function checkMap(value: object, type: MapType, path: string, problems: string[]): void {
  for (const [name, member] of Object.entries(value)) {
    const known = memberOf(type, name);
    if (known) checkValue(member, known.type, `${path}.${name}`, problems);
    else problems.push(`${path}.${name}: field not declared in schema`);
  }
}

function checkList(value: readonly unknown[], type: ListType, path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [i, item] of value.entries()) {
    if (type.how === 'atomic') {
      checkValue(item, type.items, `${path}[${i}]`, problems);
      continue;
    }
    try {
      const element = itemElement(item, type);
      if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${elementText(element)}`);
      seen.add(element);
      checkValue(item, type.items, `${path}${elementText(element)}`, problems);
    } catch (error) {
      problems.push(`${path}: element ${i}: ${(error as Error).message}`);
      return;
    }
  }
}

function checkScalar(value: unknown, wanted: ScalarType['of'], path: string, problems: string[]): void {
  const fits = wanted === 'any' ? typeof value !== 'object' : typeof value === wanted;
  if (fits) return;
  if (wanted === 'string') problems.push(`${path}: expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`);
  else if (wanted === 'number') problems.push(`${path}: expected numeric (int or float), got ${goTypeOf(value)}`);
  else problems.push(`${path}: expected ${wanted === 'any' ? 'any scalar' : wanted}, got ${shown(value)}`);
}

/** A value as most of upstream's errors show it. */
function shown(value: unknown): string {
  return `&{${goPrint(value)}}`;
}
